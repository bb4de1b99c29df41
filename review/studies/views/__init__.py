"""Pages of those who run studies, and the page by which everybody comes in.

Every change is a plain form POST, so that scripts can drive it as a browser does (fetch a page
for its CSRF cookie, send `csrfmiddlewaretoken`). Success answers 302; a refused value 422, a verb
that does not fit the study's state 409, a used-up link 410, and what is not yours 404.

POST /studies/new/                      -> 302 /studies/<slug>/
    title, domain (code), purpose (loop | confirmatory), intro, min_readers, seed   (all but title
                                        and domain optional)
    pool_<arm>=<pool uuid>              one per arm; the page offers real, early, late, other
    parts=<kind>                        repeated; plausibility and turing when no title is sent
    classes=<class code>                repeated; default: every evaluated class with images
    per_class_<kind>=<n>                fills the part's table (plausibility: n from every arm;
                                        turing: n real, n synthetic), as far as images are left
    count_<kind>_<arm>_<class>=<n>      one cell, wins over the fill
    readings_per_case_<kind>=<k>        0 = every reader reads all
    fill=1                              only show the page with the counts filled in: makes nothing
    repeats_<kind>=<percent>            unannounced repeats
POST /studies/<slug>/settings/          title, intro, consent_text, min_readers
POST /studies/<slug>/looks/             percents, boundary, endpoint, arm, reference, margin, alpha,
                                        primary_endpoint
POST /studies/<slug>/arms/              code, pool, label          (add)
POST /studies/<slug>/arms/<code>/remove/
POST /studies/<slug>/parts/             kind                       (add)
POST /studies/<slug>/parts/<order>/     protocol of the part; `remove` takes it out;
    findings=<class code>               repeated, with findings_offered=1: asked one by one
POST /studies/<slug>/parts/<order>/draws/   count_<arm>_<class>=<n>, seed, match (covariates)
POST /studies/<slug>/criteria/fork/     a version of the study's own; then
POST /studies/<slug>/criteria/<code>/edit/  label, help, counts, min_px; `remove` takes it out
POST /studies/<slug>/criteria/pilot/    pools=<pool uuid>, email  (both repeated) -> the pilot
POST /studies/<slug>/criteria/sign/     name, credentials
POST /studies/<slug>/criteria/freeze/
POST /studies/<slug>/prepare/           draw, render, audit: poll GET .../progress/?as=json
GET  /studies/<slug>/progress/?as=json  {"state", "stage", "done", "total", "error", "audit"}
POST /studies/<slug>/audit/override/    reason (20 characters or more), when a cue blocks
POST /studies/<slug>/discard/           prepared, or a preparation -> draft
POST /studies/<slug>/state/<verb>/      activate | pause | resume | close | archive
POST /studies/<slug>/copy/              title
POST /studies/<slug>/invite/            email, role, experience -> 200, page with `data-join-url`
POST /studies/<slug>/invitations/<pk>/revoke/
POST /studies/<slug>/readers/<code>/withdraw/   keep_data, reason
POST /studies/<slug>/readers/<code>/pause/      reason
POST /studies/<slug>/readers/<code>/resume/
POST /studies/<slug>/amend/             kind (deadline | intro | void), value, reason
POST /studies/<slug>/addition/start/    count_<part>_<arm>_<class>=<n>, reason: poll progress, then
POST /studies/<slug>/addition/<verb>/   commit | override (reason) | discard | retry
GET  /studies/<slug>/addition/progress/?as=json   {"state", "done", "total", "error", "audit"}
GET  /studies/<slug>/protocol/, protocol.json, audit/, audit.json, criteria/
POST /studies/join/<token>/             name, password  -> 302 /read/<slug>/consent, or study
POST /studies/<slug>/leave/             keep_data                  -> 302 /read/
"""
