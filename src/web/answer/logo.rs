//! The site's logo.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::static_file;
use crate::web::{Answer, Error, Exchange, resources};

/// Kinds of image, the one that every client can show first.
const PREFERRED: &[&str] = &["png", "gif", "jpg", "jpeg"];

/// `logo.*` under SITE_FILES, else under RESOURCE_PATH.
///
/// # Errors
/// 404 when there is none.
pub fn answer(exchange: &mut Exchange<'_>) -> Result<Answer, Error> {
    let none = || Error::NotFound("This server has no logo".to_owned());
    let name = resources::folders(exchange.config).find_map(logo_in);
    let path = resources::find(exchange, Path::new(&name.ok_or_else(none)?)).ok_or_else(none)?;
    static_file::send(exchange.request, &path)?.ok_or_else(none)
}

/// The name of the folder's logo.
fn logo_in(folder: &Path) -> Option<OsString> {
    let is_logo = |path: &PathBuf| path.file_stem().is_some_and(|stem| stem == "logo");
    let rank = |path: &PathBuf| {
        let kind = path
            .extension()
            .and_then(|end| end.to_str())
            .unwrap_or_default()
            .to_lowercase();
        PREFERRED
            .iter()
            .position(|known| *known == kind)
            .unwrap_or(PREFERRED.len())
    };
    let entries = fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path());
    let logos =
        entries.filter(|path| path.extension().is_some() && is_logo(path) && path.is_file());
    let best = logos.min_by_key(|path| (rank(path), path.clone()));
    Some(best?.file_name()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_every_client_can_show() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        assert_eq!(logo_in(folder.path()), None);
        fs::create_dir(path("logo.gif")).unwrap();
        for name in ["logo", "logo2.png", "logo.txt", "logo.svg"] {
            fs::write(path(name), "").unwrap();
        }
        assert_eq!(logo_in(folder.path()), Some("logo.svg".into()));
        fs::write(path("logo.PNG"), "").unwrap();
        assert_eq!(logo_in(folder.path()), Some("logo.PNG".into()));
    }
}
