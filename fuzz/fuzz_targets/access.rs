//! Any Authorization header, password file, group file and rule: no panic, a user
//! is one whom a file can name, and a change of one user's lines leaves all others.
#![no_main]

use das2_server::access::hash::{self, Form};
use das2_server::access::tool::lines;
use das2_server::access::{Authorization, Condition, PasswordFile, conditions, is_member_of};
use das2_server::time::Time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(3, |&byte| byte == 0);
    let mut next = || parts.next().unwrap_or_default();
    let (header, users, groups) = (next(), next(), next());
    let found = Authorization::of(header.to_vec());
    let credentials = found.and_then(|header| header.credentials());
    let mut user = "me".to_owned();
    if let Some(credentials) = &credentials {
        assert!(!credentials.user.is_empty() && !credentials.user.contains(':'));
        assert!(!credentials.user.contains(char::is_control));
        assert!(!format!("{credentials:?}").contains('\n'));
        user.clone_from(&credentials.user);
    }
    let file = PasswordFile::from_bytes(users.to_vec());
    let _ = file.findings();
    // Comparing may take seconds, which is what some forms are for.
    let quick = [Form::Des, Form::Md5, Form::Apr1, Form::Sha1];
    let is_quick = |form: Option<Form>| form.is_none_or(|form| quick.contains(&form));
    let mut forms = file.entries().map(|entry| Form::of(entry.hash));
    if forms.all(is_quick) && file.entries().count() < 4 {
        for entry in file.entries() {
            let _ = hash::is_right(b"password", entry.hash);
        }
        if let Some(credentials) = &credentials {
            let _ = file.is_right(credentials);
        }
    }
    change(users, user.as_bytes());
    let rule = String::from_utf8_lossy(groups);
    for condition in conditions(&rule) {
        match condition {
            Ok(Condition::Age(age)) => drop(age.lock(Time::now())),
            Ok(Condition::Group(name) | Condition::User(name)) => {
                assert!(!name.is_empty());
                let _ = is_member_of(groups, name.as_bytes(), user.as_bytes());
            }
            Err(error) => drop(error.to_string()),
        }
    }
});

/// A new hash for a user, and the user gone again.
fn change(users: &[u8], user: &[u8]) {
    // das2_srv_passwd refuses such names.
    if user.starts_with(b"#") || user.trim_ascii() != user {
        return;
    }
    let others = |bytes: &[u8]| -> Vec<(Vec<u8>, String)> {
        let file = PasswordFile::from_bytes(bytes.to_vec());
        let others = file.entries().filter(|entry| entry.user != user);
        others
            .map(|entry| (entry.user.to_vec(), entry.hash.to_owned()))
            .collect()
    };
    let (set, _) = lines::set(users, user, "{SHA}EfatjsUqKYSrqv18O1FlA3hcIHI=");
    let file = PasswordFile::from_bytes(set.clone());
    assert_eq!(file.entries().filter(|entry| entry.user == user).count(), 1);
    assert_eq!(others(&set), others(users));
    let (gone, had) = lines::delete(&set, user);
    assert!(had && lines::delete(&gone, user) == (gone.clone(), false));
    assert_eq!(others(&gone), others(users));
}
