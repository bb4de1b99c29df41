"""Add cases to a running study: draw and render beside it, then commit all of them at once.

asking     what an editor asks for, held against the design; the addition begins or is discarded
drawing    further images by the recorded seeds, none that the study or its readers know
fitting    whether an image can be shown exactly as the part's others are
working    the job: render, draw again for what was refused, audit
becoming   candidates as the cases that they become
committing cases, renditions and tails of the lists in one short transaction: the amendment
listing    which readers get which added cases, behind everything that stands on their lists
"""
