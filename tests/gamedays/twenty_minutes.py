"""Game days of twenty minutes, on a server that holds them: one each two minutes, against HAProxy.

    python3 tests/gamedays/twenty_minutes.py [--minutes 1] [--data DIR] [--browser]

Five are approved and run, one is stopped by its condition and its rollback proven, one is refused by a prerequisite, one is
missed while the server is down, one because nobody approves it, and one is ended by the red button. Then the history is asked
for all of it. `--minutes 1` has one each minute, which is as often as a schedule can say. `--browser` opens what came of it in
Chromium, as tests/browser.sh does; its screenshots are left in target/browser.

BROWNOUT names another binary than target/debug/brownout. HAProxy is looked for in PATH.
"""

import argparse
import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BROWNOUT = os.environ.get("BROWNOUT", str(ROOT / "target/debug/brownout"))

# The server is ended so long before the moment that is missed, and back so long after it: the window is over then.
DOWN_BEFORE, DOWN_AFTER, WINDOW = 10, 48, 40

STEADY = """
name = "steady"
[gateway.reference]
[backend.a]
[backend.b]
[traffic.reads]
request = "GET /items/{n}"
rate = "200/s"
[[phase]]
name = "steady"
for = "2s"
[[expect]]
availability = { min = 0.99 }
"""

# Every answer fails, for longer than anybody would watch.
OUTAGE = STEADY.replace('"steady"', '"outage"', 1) + """
[[phase]]
name = "outage"
for = "40s"
[[phase.inject]]
on = ["a", "b"]
status = { code = 503 }
"""

DAY = """
title = "{title}"
why = "it is practised each two minutes"
owner = "edge"
allow_commands = true
decide = ["Is one retry enough?"]
{more}
[[run]]
scenario = "{scenario}"
gateway = "haproxy"
[[approval]]
role = "sre"
[schedule]
cron = "{minutes} * * * *"
window = "{window}s"
"""

ROLLBACK = """
[rollback]
run = ["sh", "-c", "echo undone >> undone.txt"]
proof = "../scenarios/steady.toml"
"""

# Each day, with the numbers of its moments, from 0.
DAYS = {
    "checkout": dict(title="Checkout outlives a backend that answers 503", scenario="first-look", at=[0, 1, 3, 6, 8, 5]),
    "outage": dict(title="An outage is stopped", scenario="../scenarios/outage.toml", at=[2],
                   tail='[[stop]]\nerror_share = { above = 0.5, over = "2s" }\n' + ROLLBACK),
    "unready": dict(title="A day whose gateway is too old", scenario="first-look", at=[4],
                    tail='[[prerequisite]]\ngateway_version = { gateway = "haproxy", at_least = "99.0" }\n'),
    "nobody": dict(title="A day that nobody approves", scenario="first-look", at=[7]),
    "button": dict(title="A day that the red button ends", scenario="../scenarios/outage.toml", at=[9], tail=ROLLBACK),
}
MISSED = 5


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def say(text):
    print(f"{now():%H:%M:%S}  {text}", flush=True)


class Server:
    """A server on a data directory, and whoever asks it."""

    def __init__(self, place):
        self.place = place
        self.log = open(place / "server.log", "ab")
        self.tokens = {name: self.user(name, *roles) for name, *roles in [
            ("olga", "--role", "operate"), ("ann", "--role", "approve", "--approves-as", "sre")]}

    def user(self, name, *roles):
        words = [BROWNOUT, "serve", "user", "add", name, *roles, "--data", str(self.place / "data")]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()

    def start(self):
        words = [BROWNOUT, "serve", "--data", "data", "--listen", "127.0.0.1:0", "--allow-commands"]
        self.child = subprocess.Popen(words, cwd=self.place, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.address = self.child.stdout.readline().strip().removeprefix("serving at ")
        assert self.address.startswith("http"), "the server did not start; see server.log"

    def end(self):
        self.child.send_signal(signal.SIGINT)
        code = self.child.wait(60)
        assert code == 0, f"the server ended with {code}"

    def ask(self, method, path, user="olga", body=None):
        request = urllib.request.Request(f"{self.address}api/v1/{path}", method=method)
        request.add_header("Authorization", f"Bearer {self.tokens[user]}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
            return json.loads(text) if answer.headers.get_content_type() == "application/json" else text


def write(place, first, minutes):
    for name in ["gamedays", "scenarios"]:
        (place / name).mkdir()
    (place / "scenarios/steady.toml").write_text(STEADY)
    (place / "scenarios/outage.toml").write_text(OUTAGE)
    for name, day in DAYS.items():
        moments = [first + datetime.timedelta(minutes=number * minutes) for number in day["at"]]
        text = DAY.format(title=day["title"], scenario=day["scenario"], window=WINDOW, more="",
                          minutes=",".join(str(moment.minute) for moment in moments))
        (place / f"gamedays/{name}.toml").write_text(text + day.get("tail", ""))


def hold(server, first, minutes):
    """Lets the time pass: approves what is to be approved, takes the server away for a while, presses the button."""
    said, approved, noted, pressed = {}, set(), False, False
    missed = first + datetime.timedelta(minutes=MISSED * minutes)
    down_from = missed - datetime.timedelta(seconds=DOWN_BEFORE)
    last = first + datetime.timedelta(minutes=9 * minutes)
    # A run, its rollback and its proof are over long before.
    while now() < last + datetime.timedelta(seconds=60):
        time.sleep(1)
        if down_from <= now() < missed:
            server.end()
            say("the server is ended")
            time.sleep(max(0, (missed - now()).total_seconds() + DOWN_AFTER))
            server.start()
            say("the server is back")
        for firing in server.ask("GET", "firings?limit=200"):
            told = (firing["state"], firing["verdict"], firing["why"])
            if said.get(firing["id"]) != told:
                said[firing["id"]] = told
                say(f"firing {firing['id']} of {firing['gameday']}, due {firing['due'][11:19]}: {' '.join(filter(None, told))}")
            is_due = firing["state"] == "due" and firing["due"] < (last + datetime.timedelta(minutes=1)).isoformat()
            if is_due and firing["gameday"] != "nobody" and firing["id"] not in approved:
                approved.add(firing["id"])
                body = {"role": "sre", "comment": "the on-call knows"}
                server.ask("POST", f"firings/{firing['id']}/approvals", "ann", body)
                say(f"ann approves firing {firing['id']} of {firing['gameday']}")
            if firing["state"] == "running" and firing["gameday"] == "outage" and not noted:
                noted = True
                server.ask("POST", f"firings/{firing['id']}/notes", body={"text": "every order fails"})
            if firing["state"] == "running" and firing["gameday"] == "button" and not pressed:
                pressed = True
                time.sleep(5)
                server.ask("POST", "button", body={"why": "enough seen"})
                say("olga presses the red button")
    server.ask("DELETE", "button")


def examine(server, place):
    """What the history has to show; each mistake as a line. A run on a machine that is busy with something else may prove nothing and
    say so, which is no mistake of the history; a rollback that is not proven is one."""
    wrong = []
    firings = server.ask("GET", "firings?limit=200")
    past = [firing for firing in firings if firing["state"] != "due"]

    def only(name, state, why):
        found = [firing for firing in past if firing["gameday"] == name]
        if [firing["state"] for firing in found] != [state] or why not in found[0]["why"]:
            wrong.append(f"{name}: expected one that is {state} because of `{why}`, found {found}")

    only("outage", "stopped", "more than 50 %")
    only("unready", "refused", "99.0")
    only("nobody", "missed", "it waits for 1 approval of role sre, and its window has passed")
    only("button", "stopped", "ended by hand")
    ended = [firing for firing in past if firing["gameday"] == "checkout"]
    states = sorted((firing["state"], firing["verdict"]) for firing in ended if firing["state"] != "missed")
    if [state for state, _ in states] != ["finished"] * 5 or any(verdict == "fail" for _, verdict in states):
        wrong.append(f"checkout: expected five that finished and did not fail, found {states}")
    missed = [firing["why"] for firing in ended if firing["state"] == "missed"]
    if len(missed) != 1 or "nobody looked between" not in missed[0]:
        wrong.append(f"checkout: expected one that was missed while the server was down, found {missed}")
    for firing in past:
        detail = server.ask("GET", f"firings/{firing['id']}")
        if firing["began"] and [given["user"] for given in detail["approvals"]] != ["ann"]:
            wrong.append(f"firing {firing['id']} began without ann's approval")
        if not firing["began"]:
            continue
        path = place / f"{firing['gameday']}-{firing['id']}.tar.zst"
        path.write_bytes(server.ask("GET", f"firings/{firing['id']}/bundle"))
        subprocess.run([BROWNOUT, "gameday", "verify", str(path)], check=True, stdout=subprocess.DEVNULL)
        for number, _ in enumerate(detail["runs"]):
            if b"<html" not in server.ask("GET", f"firings/{firing['id']}/runs/{number}/report"):
                wrong.append(f"firing {firing['id']} has no report of run {number}")
        events = [entry["event"] for entry in server.ask("GET", f"firings/{firing['id']}/timeline")]
        proofs = [event["proof_ended"]["proven"] for event in events if "proof_ended" in event]
        if firing["state"] == "stopped" and proofs != [True]:
            wrong.append(f"firing {firing['id']}: its rollback is not proven: {proofs}")
    undone = (place / "gamedays/undone.txt").read_text().splitlines()
    if len(undone) != 2:
        wrong.append(f"expected two rollbacks, found {len(undone)}")
    audit = subprocess.run([BROWNOUT, "serve", "audit", "--data", str(place / "data")], capture_output=True, text=True)
    if audit.returncode:
        wrong.append(f"the audit log: {audit.stderr}")
    return past, wrong


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--minutes", type=int, choices=[1, 2], default=2, help="from one game day to the next")
    arguments.add_argument("--data", type=pathlib.Path, help="where all of it is kept; a new directory without it")
    arguments.add_argument("--browser", action="store_true", help="open what came of it in Chromium")
    asked = arguments.parse_args()
    place = asked.data or pathlib.Path(tempfile.mkdtemp(prefix="gamedays-"))
    place.mkdir(exist_ok=True)
    # A full minute that leaves time to start and to approve.
    first = (now() + datetime.timedelta(seconds=80)).replace(second=0, microsecond=0)
    write(place, first, asked.minutes)
    server = Server(place)
    server.start()
    say(f"serving in {place}, the first at {first:%H:%M}")
    try:
        hold(server, first, asked.minutes)
        past, wrong = examine(server, place)
        for firing in sorted(past, key=lambda firing: firing["due"]):
            print(f"  {firing['due'][11:19]}  {firing['gameday']:9} {firing['state']:9} {firing['verdict'] or '':13} {firing['why'][:90]}")
        if asked.browser:
            words = ["node", "tests/browser/history.mjs", str(ROOT / "target/browser"), server.address, server.tokens["olga"]]
            if subprocess.run(words, cwd=ROOT).returncode:
                wrong.append("the page is not in order")
    finally:
        server.end()
    for mistake in wrong:
        print(f"WRONG: {mistake}")
    print("the history shows all of it" if not wrong else f"{len(wrong)} mistakes")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
