-- Firings that were not held, and of which nobody was told yet. Those that an older version closed are not among them.
CREATE TABLE untold (
    firing INTEGER PRIMARY KEY REFERENCES firings (id)
) STRICT;
