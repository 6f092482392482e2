//! The tables of the embedded queue.

/// The number in `user_version` of a file with these tables.
pub(super) const VERSION: i64 = 1;

/// `task` has what waits and what runs (`holder` is set); `place` is the
/// order, the lowest is next. Times named `_ms` are milliseconds since 1970.
pub(super) const TABLES: &str = "
CREATE TABLE task (
    key TEXT PRIMARY KEY,
    place INTEGER NOT NULL,
    text TEXT NOT NULL,
    dataset TEXT, level TEXT, begin TEXT, ending TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    holder TEXT UNIQUE, held_until_ms INTEGER,
    started TEXT, status TEXT, progress TEXT
) WITHOUT ROWID;
CREATE INDEX task_place ON task (holder, place);
CREATE TABLE finished (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL);
CREATE TABLE parked (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, waiting TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE fate (holder TEXT PRIMARY KEY, word TEXT NOT NULL, until_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE mark (
    scope TEXT NOT NULL, begin TEXT NOT NULL, ending TEXT NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (scope, begin, ending)
) WITHOUT ROWID;
CREATE INDEX mark_until ON mark (until_ms);
";
