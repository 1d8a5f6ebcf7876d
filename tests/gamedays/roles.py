"""What schemathesis asks beyond its own checks of the server of game days: that nobody does what their role does not allow.

Each request comes from an address of its own, so that rate limits, which are tested elsewhere, hide nothing: the server runs
`--behind-proxy`. The addresses are random bytes of the system: those of `random` come again, since Hypothesis seeds it. ROLES has
the roles of the token, separated by blanks.
"""

import os
import re
import secrets

import schemathesis

ROLES = set(os.environ["ROLES"].split()) | {"view"}


@schemathesis.hook
def before_call(context, case, kwargs):
    case.headers["X-Forwarded-For"] = ".".join(str(byte) for byte in secrets.token_bytes(4))


@schemathesis.check
def no_way_around_a_role(ctx, response, case):
    takes = re.search(r"Takes the role `(\w+)`", case.operation.definition.raw.get("description", ""))
    if takes and takes[1] not in ROLES and response.status_code < 400:
        raise AssertionError(f"{case.method} {case.path} takes the role {takes[1]}, and was done by {sorted(ROLES)}")
