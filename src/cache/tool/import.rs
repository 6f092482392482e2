//! Blocks of das2-pyserver in the form of this server.
//!
//! Such a block does not say what it was made from. It gets a stamp with the
//! present definition only if its file is not older than that definition, or
//! if the operator says that it is trusted; a block that was written before
//! its span was over is out of date whatever it is made from. Those are left
//! as they are.
//!
//! Blocks of this server whose files have another time than they got when they
//! were made, because they were copied, get it back if they are sound.

use std::fs::File;

use super::bar::Bar;
use super::inspect::{findings, open_plain};
use super::sources::shown;
use super::{Desk, ToolError};
use crate::cache::block::Block;
use crate::cache::build::{BlockWriter, set_file_time};
use crate::cache::folder::LevelFolder;
use crate::cache::serve::{dialect_of, stamp_of};
use crate::cache::stamp::{Origin, Stamp, changed};
use crate::filter::x_time::Window;
use crate::stream::{FileInput, Reader};
use crate::time::Time;

/// What became of a block.
enum Imported {
    Yes,
    /// It is in the form of this server already.
    Known,
    /// The same, and its file has its time again.
    Dated,
    /// Left alone, and why.
    No(String),
}

pub(super) fn run(desk: &mut Desk<'_>, dataset: &str, trust: bool) -> Result<bool, ToolError> {
    let definition = desk.source(dataset)?;
    let changed_at = File::open(&definition.path).map(|file| changed(&file));
    let changed_at = changed_at.map_err(|error| ToolError::Usage(error.to_string()))?;
    let (mut imported, mut known, mut dated, mut left) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut bar = Bar::new(desk.out)?;
    bar.out_of(|| desk.blocks_of(&definition));
    for level in &definition.cache_levels {
        let folder = desk.folder(&definition, level)?;
        let origin = Origin::present(&definition, desk.config, level);
        let since = (!trust).then_some(changed_at);
        for block in folder.all() {
            bar.step(|| shown(block.begin()));
            match import(&folder, &block, origin, since) {
                Imported::Yes => imported += 1,
                Imported::Known => known += 1,
                Imported::Dated => dated += 1,
                Imported::No(reason) => {
                    left += 1;
                    let path = folder.file_of(&block);
                    let text = format_args!("{}: left alone: {reason}", path.display());
                    bar.line(desk.out, text)?;
                }
            }
        }
    }
    bar.end();
    writeln!(
        desk.out,
        "{imported} blocks imported, {known} known already, {left} left alone"
    )?;
    if dated > 0 {
        writeln!(
            desk.out,
            "{dated} blocks were copied or changed and are sound: their files have their times again"
        )?;
    }
    Ok(left == 0)
}

/// Gives a sound block the time of its stamp back.
fn date(file: &File, times: Window, stamp: &Stamp) -> Imported {
    if !stamp.form.is_known() || stamp.is_time_of(file) {
        return Imported::Known;
    }
    if let Some(finding) = findings(file, times, Some(stamp)).into_iter().next() {
        return Imported::No(finding);
    }
    match set_file_time(file, stamp.file_time()) {
        Ok(()) => Imported::Dated,
        Err(error) => Imported::No(error.to_string()),
    }
}

fn import(folder: &LevelFolder, block: &Block, origin: Origin, since: Option<Time>) -> Imported {
    let path = folder.file_of(block);
    let file = match open_plain(&path) {
        Ok(file) => file,
        Err(error) => return Imported::No(error.to_string()),
    };
    if let Some(stamp) = stamp_of(&file) {
        return date(&file, folder.record_times(block), &stamp);
    }
    let made = changed(&file);
    if made < block.end() {
        return Imported::No("it was written before its span was over".into());
    }
    if since.is_some_and(|since| made < since) {
        return Imported::No(
            "the definition is newer than it; --trust takes it all the same".into(),
        );
    }
    if let Some(finding) = findings(&file, folder.record_times(block), None)
        .into_iter()
        .next()
    {
        return Imported::No(finding);
    }
    let copied = || -> Result<(), String> {
        std::io::Seek::rewind(&mut &file).map_err(|error| error.to_string())?;
        let mut writer = BlockWriter::new(folder, *block, Stamp::new(made, origin));
        let copy = file.try_clone().map_err(|error| error.to_string())?;
        Reader::of(dialect_of(&file), FileInput::new(copy))
            .pump(&mut writer)
            .map_err(|error| error.to_string())
    };
    match copied() {
        Ok(()) => Imported::Yes,
        Err(reason) => Imported::No(reason),
    }
}
