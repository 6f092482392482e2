//! Power spectra of waveforms: das2_psd.
//!
//! Samples at equal steps come in, spectral densities over frequency go out.
//! The samples are either the items of a scan (`along_y`: each packet is a
//! stretch of waveform) or the values of successive packets (`along_x`).
//! Both cut them into windows of LENGTH samples, each LENGTH / SLIDE behind
//! the last, and share the transform, the headers and the packet IDs.
//!
//! | file | holds |
//! |---|---|
//! | options | the command line, and what it means |
//! | transform | from samples to power: window and DFT |
//! | axis | x as a place that can be moved along |
//! | samples | values of a plane on their way in and out |
//! | units | squares and inverses of units |
//! | header | what becomes of headers |
//! | frequency | which frequencies come out |
//! | outlet | packet IDs and records of the output |
//! | along_y, along_x | the two ways to find windows |
//! | stage | the stage that puts these together |

mod along_x;
mod along_y;
mod axis;
mod frequency;
mod header;
mod options;
mod outlet;
mod samples;
mod stage;
mod transform;
mod units;

pub use options::{Datum, PsdArgs, Spectra};
pub use stage::ToSpectra;
