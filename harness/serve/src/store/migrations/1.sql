-- Moments are milliseconds since 1970. A column that may be empty says in its comment what that means.

CREATE TABLE users (
    name TEXT PRIMARY KEY,
    -- SHA-256 of the token.
    token BLOB NOT NULL UNIQUE,
    -- JSON lists of words: what the user may do, and the roles of game days in whose name they may approve.
    roles TEXT NOT NULL,
    approves_as TEXT NOT NULL,
    made INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    -- SHA-256 of what the cookie holds.
    id BLOB PRIMARY KEY,
    user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    expires INTEGER NOT NULL
) STRICT;

-- Up to when the firings of a schedule are accounted for. It only grows, so that a clock that is set back fires nothing again.
CREATE TABLE schedules (
    gameday TEXT PRIMARY KEY,
    -- The schedule as written; a change makes what was foreseen by the old one void.
    schedule TEXT NOT NULL,
    accounted INTEGER NOT NULL
) STRICT;

CREATE TABLE firings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    gameday TEXT NOT NULL,
    due INTEGER NOT NULL,
    -- After this moment it does not begin any more.
    closes INTEGER NOT NULL,
    -- Who started it by hand; empty: its schedule.
    asked_by TEXT,
    comment TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL CHECK (state IN ('due', 'running', 'finished', 'stopped', 'refused', 'failed', 'missed',
        'overlapped', 'withdrawn', 'recovered')),
    -- Why it is in its state, for people; empty: nothing to add.
    why TEXT NOT NULL DEFAULT '',
    -- Empty: not known yet, or never.
    began INTEGER,
    ended INTEGER,
    verdict TEXT,
    -- Where its record is, below the data directory.
    directory TEXT
) STRICT;

-- A moment of a schedule fires once, whatever clocks and restarts do.
CREATE UNIQUE INDEX a_moment_fires_once ON firings (gameday, due) WHERE asked_by IS NULL AND state <> 'withdrawn';
-- A game day does not run beside itself.
CREATE UNIQUE INDEX one_at_a_time ON firings (gameday) WHERE state = 'running';
CREATE INDEX firings_by_state ON firings (state, due);

CREATE TABLE approvals (
    firing INTEGER NOT NULL REFERENCES firings (id),
    user TEXT NOT NULL,
    -- The role in whose name.
    role TEXT NOT NULL,
    comment TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- SHA-256 of the game day's file as it was approved.
    digest TEXT NOT NULL,
    PRIMARY KEY (firing, user)
) STRICT;

CREATE TABLE notes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    firing INTEGER NOT NULL REFERENCES firings (id),
    user TEXT NOT NULL,
    at INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;

CREATE TABLE runs (
    firing INTEGER NOT NULL REFERENCES firings (id),
    number INTEGER NOT NULL,
    scenario TEXT NOT NULL,
    gateway TEXT NOT NULL,
    verdict TEXT NOT NULL,
    -- How many findings failed, proved nothing, passed.
    failed INTEGER NOT NULL,
    inconclusive INTEGER NOT NULL,
    passed INTEGER NOT NULL,
    -- The run directory, below the data directory.
    directory TEXT NOT NULL,
    PRIMARY KEY (firing, number)
) STRICT;

-- One row while the red button is pressed.
CREATE TABLE button (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    by TEXT NOT NULL,
    why TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;

-- When the calendar was last looked at: what fell due since then, while nobody looked, was missed.
CREATE TABLE looked (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    -- A user's name, or `server`, or `command line`.
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    -- SHA-256 of the hash before and all of the above.
    hash BLOB NOT NULL
) STRICT;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN
    SELECT raise(ABORT, 'the audit log only grows');
END;
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit BEGIN
    SELECT raise(ABORT, 'the audit log only grows');
END;
