//! Prints the mean of each plane of a das2 stream, fill left out:
//!
//!     READER BEGIN END | das2_ex_mean

use std::collections::BTreeMap;

use das2_server::filter::records::for_each_record;
use das2_server::stream::{PlaneKind, stdin_input};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut sums: BTreeMap<String, (f64, u32)> = BTreeMap::new();
    let exceptions = for_each_record(stdin_input()?, |record| {
        let data = record
            .planes()
            .filter(|(plane, _)| plane.kind != PlaneKind::X);
        for (plane, values) in data {
            let (sum, count) = sums.entry(plane.name().to_owned()).or_default();
            for value in values.flatten() {
                *sum += value;
                *count += 1;
            }
        }
        Ok(())
    })?;
    for (name, (sum, count)) in sums {
        println!("{name}: {} ({count} values)", sum / f64::from(count));
    }
    for exception in exceptions {
        eprintln!("{}: {}", exception.kind(), exception.message());
    }
    Ok(())
}
