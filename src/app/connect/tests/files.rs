//! Modes, links, and files that must be left alone.

use super::{Client, Desk, FILES, Scope, What, Wish, lived_in, text, wish};
use crate::app::connect::{Became, Error};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_mode_is_kept_and_a_new_file_of_the_users_is_private() {
    let desk = Desk::new();
    let path = desk.put("home/.claude.json", "{\"a\": 1}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let connected = desk.run(&wish(Client::Claude, Scope::User)).unwrap();
    assert_eq!((mode(&path), mode(&connected.backup.unwrap())), (0o640, 0o640));
    desk.run(&wish(Client::Cursor, Scope::User)).unwrap();
    assert_eq!(mode(&desk.path("home/.cursor/mcp.json")), 0o600);
}

#[test]
fn a_link_is_written_through() {
    let desk = Desk::new();
    let real = desk.put("home/dotfiles/claude.json", "{\"a\": 1}");
    symlink("dotfiles/claude.json", desk.path("home/.claude.json")).unwrap();
    desk.run(&wish(Client::Claude, Scope::User)).unwrap();
    assert!(fs::symlink_metadata(desk.path("home/.claude.json")).unwrap().is_symlink());
    assert!(text(&real).contains("synod"));
    desk.run(&Wish { what: What::Remove, ..wish(Client::Claude, Scope::User) }).unwrap();
    assert_eq!(text(&real), "{\"a\": 1}");

    // One that leads to a file which is not there yet.
    symlink("dotfiles/cursor.json", desk.path("home/cursor.json")).unwrap();
    fs::create_dir(desk.path("home/.cursor")).unwrap();
    symlink("../dotfiles/cursor.json", desk.path("home/.cursor/mcp.json")).unwrap();
    assert_eq!(desk.run(&wish(Client::Cursor, Scope::User)).unwrap().became, Became::Made);
    assert!(text(&desk.path("home/dotfiles/cursor.json")).contains("synod"));
}

#[test]
fn what_cannot_be_understood_is_left_alone() {
    for (client, scope, path) in FILES {
        let broken: Vec<&[u8]> = match client {
            Client::Codex => vec![b"a = ", b"mcp_servers = 3", b"\xff", b"a = 1\na = 2"],
            Client::VsCode => vec![b"{", b"[]", b"{\"servers\": 3}", b"\xff", b"{\"a\": 1 \"b\": 2}", b"{a: 1}"],
            _ => vec![b"{", b"[]", b"{\"mcpServers\": []}", b"\xff", b"{\"a\": 1 \"b\": 2}", b"{'a': 1}"],
        };
        for bytes in broken {
            let desk = Desk::new();
            let path = desk.put(path, "");
            fs::write(&path, bytes).unwrap();
            for what in [What::Write, What::Remove] {
                let error = desk.run(&Wish { what, ..wish(client, scope) }).unwrap_err();
                assert!(matches!(error, Error::Unreadable { .. }), "{error}");
                assert!(error.to_string().contains(&*path.to_string_lossy()) && !error.hint().is_empty());
            }
            assert_eq!(fs::read(&path).unwrap(), bytes);
            assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        }
    }
}

#[test]
fn a_folder_in_the_files_place_is_said() {
    let desk = Desk::new();
    fs::create_dir(desk.path("work/.mcp.json")).unwrap();
    let error = desk.run(&wish(Client::Claude, Scope::Project)).unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
}

#[test]
fn the_copy_of_the_first_text_is_not_written_over() {
    let desk = Desk::new();
    let before = lived_in(Client::Claude)[0].clone();
    let path = desk.put("work/.mcp.json", &before);
    let first = desk.run(&wish(Client::Claude, Scope::Project)).unwrap().backup.unwrap();
    let second = desk.run(&Wish { name: "other".to_owned(), ..wish(Client::Claude, Scope::Project) }).unwrap();
    assert_eq!((second.backup, text(&first)), (None, before));
    assert!(text(&path).contains("\"other\"") && text(&path).contains("\"synod\""));
}
