-- The leaves are the truth. Everything that decides is the fold of them; the other tables hold
-- sealed and wrapped bytes that a leaf names by their digest.
CREATE TABLE leaves (
    seq   INTEGER PRIMARY KEY CHECK (seq >= 0),
    entry BLOB    NOT NULL CHECK (length(entry) <= 65535)
) STRICT;

-- One generation of a credential: T sealed to the chip, and the wrapped record.
CREATE TABLE records (
    name       TEXT    NOT NULL,
    generation INTEGER NOT NULL CHECK (generation >= 1),
    sealed     BLOB    NOT NULL,
    record     BLOB    NOT NULL,
    PRIMARY KEY (name, generation)
) STRICT, WITHOUT ROWID;

-- The data key of an armed window, sealed to the chip under its bounds.
CREATE TABLE windows (
    request TEXT PRIMARY KEY,
    sealed  BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What the appliance itself must keep: auth values of its NV indices, the keeper's channel key,
-- the pinned public areas of the chip.
CREATE TABLE kept (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
