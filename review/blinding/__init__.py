"""Pixels to canonical bytes, and a report on what those bytes could still tell. No Django.

canonical    pixels of any pool -> rendition pixels, by one pipeline for all pools of a part
container    rendition pixels -> bytes of one fixed length (PNG without compression, or raw film)
features     rendition bytes -> the numbers by which somebody could try to tell pools apart
separation   two groups of numbers -> how well they separate (AUC with interval)
audit        renditions and source profiles -> LeakReport
kernel       the fixed upscaling kernel of the reading screen, as the browser computes it
"""
