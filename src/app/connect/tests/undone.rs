//! Put in and taken out again: the file is what it was, to the byte, also when somebody else changed it in between.

use super::{Desk, FILES, What, Wish, lived_in, text, wish};
use crate::app::connect::{Became, edit::Format};
use std::fs;

#[test]
fn what_was_put_in_is_taken_out_to_the_byte() {
    for (client, scope, path) in FILES {
        for http in [false, true] {
            for before in lived_in(client) {
                let desk = Desk::new();
                let path = desk.put(path, &before);
                let put = Wish { http, ..wish(client, scope) };
                let connected = desk.run(&put).unwrap_or_else(|error| panic!("{before:?}: {error}"));
                assert_eq!(connected.became, Became::Changed, "{before:?}");
                assert_eq!(text(&connected.backup.unwrap()), before);
                let connected = desk.run(&Wish { what: What::Remove, ..put }).unwrap();
                assert_eq!((connected.became, text(&path)), (Became::Changed, before));
                assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "the copy is gone");
            }
        }
    }
}

/// The same when the text from before cannot be used, because the file is another one since.
#[test]
fn without_the_copy_comments_and_order_stay_too() {
    for (client, _, _) in FILES {
        let format = if client == super::Client::Codex { Format::Toml } else { Format::Json { key: "mcpServers" } };
        let entry = serde_json::json!({ "command": "synod", "args": ["mcp"] });
        for before in lived_in(client).into_iter().filter(|before| !before.trim().is_empty()) {
            let put = format.put(&before, "synod", &entry, None).unwrap();
            let after = format.remove(&put, "synod", "none").unwrap();
            // Spaces and line ends may differ where nothing but them was; not a word may.
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join("");
            let bare = |text: &str| words(text).replace("\"mcpServers\":{},", "").replace("\"mcpServers\":{}", "");
            assert_eq!(bare(&after).replace(",}", "}"), bare(&before).replace(",}", "}"), "{before:?} gave {put:?}");
        }
    }
}

#[test]
fn what_others_wrote_in_between_stays() {
    for (client, scope, path) in FILES {
        let desk = Desk::new();
        let path = desk.put(path, &lived_in(client)[0]);
        desk.run(&wish(client, scope)).unwrap();
        let edited = text(&path).replace("mine", "mine, and newer").replace("# my settings", "# my newer settings");
        fs::write(&path, &edited).unwrap();
        let connected = desk.run(&Wish { what: What::Remove, ..wish(client, scope) }).unwrap();
        assert!(connected.notes.iter().any(|note| note.contains("before-synod")), "{:?}", connected.notes);
        let expected =
            lived_in(client)[0].replace("mine", "mine, and newer").replace("# my settings", "# my newer settings");
        assert_eq!(text(&path), expected);
    }
}

#[test]
fn a_file_that_was_made_for_it_goes_and_one_with_more_in_it_stays() {
    for (client, scope, path) in FILES {
        for http in [false, true] {
            let desk = Desk::new();
            let put = Wish { http, ..wish(client, scope) };
            let remove = Wish { what: What::Remove, ..put.clone() };
            assert_eq!(desk.run(&remove).unwrap().became, Became::Unchanged, "nothing to remove");
            assert!(!desk.path(path).exists());
            desk.run(&put).unwrap();
            assert_eq!(desk.run(&remove).unwrap().became, Became::FileRemoved);
            assert!(!desk.path(path).exists());
            assert_eq!(fs::read_dir(desk.path("work")).unwrap().count(), 0, "its folder goes too");

            desk.run(&put).unwrap();
            desk.run(&Wish { name: "serena".to_owned(), ..put.clone() }).unwrap();
            assert_eq!(desk.run(&remove).unwrap().became, Became::Changed);
            assert!(text(&desk.path(path)).contains("serena"));
        }
    }
}

#[test]
fn a_removal_can_be_looked_at_first() {
    let desk = Desk::new();
    let (client, scope, path) = FILES[0];
    let path = desk.put(path, &lived_in(client)[0]);
    desk.run(&wish(client, scope)).unwrap();
    let before = text(&path);
    let looked = desk.run(&Wish { what: What::Remove, dry: true, ..wish(client, scope) }).unwrap();
    assert!(looked.difference.contains("-     \"synod\""), "{}", looked.difference);
    assert_eq!(text(&path), before);
    assert!(path.with_file_name(".claude.json.before-synod").exists());
}
