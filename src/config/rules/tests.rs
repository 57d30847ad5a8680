//! Rule files that are edited, broken, moved and taken away.

use std::fs;
use std::os::unix::fs::symlink;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

use super::*;

struct Folder {
    folder: TempDir,
    files: RuleFiles,
}

fn rule(name: &str, word: &str) -> String {
    format!(
        "title: {name}\nname: {name}\nlogsource: {{product: app}}\ndetection:\n  s: {{e: {word}}}\n  condition: s\n"
    )
}

impl Folder {
    fn new(files: &[(&str, &str)]) -> (Self, LoadedRules) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let paths = vec![folder.path().to_owned()];
        let (files, loaded) = RuleFiles::read(paths, false, Placeholders::new()).unwrap();
        (Self { folder, files }, loaded)
    }

    fn write(&mut self, name: &str, text: &str) -> Option<LoadedRules> {
        fs::write(self.folder.path().join(name), text).unwrap();
        self.files.reload(Look::Closely)
    }
}

/// `name=word` of every detection rule.
fn running(loaded: &LoadedRules) -> Vec<String> {
    let words = loaded.rules.detections.iter().map(|rule| {
        let item = format!("{:?}", rule.detection.identifiers);
        let word = ["one", "two", "three"].iter().find(|word| item.contains(**word)).unwrap_or(&"?");
        format!("{}={word}", rule.header.title)
    });
    words.collect()
}

/// `file:line: message` of every problem.
fn problems(loaded: &LoadedRules) -> Vec<String> {
    let file = |at: &Position| at.file.rsplit('/').next().unwrap_or_default().to_owned();
    let lines = loaded.diagnostics.iter();
    lines.map(|wrong| format!("{}:{}: {}", file(&wrong.at), wrong.at.line, wrong.message)).collect()
}

#[test]
fn the_same_text_is_no_change() {
    let (mut folder, loaded) = Folder::new(&[("a.yml", &rule("a", "one"))]);
    assert_eq!(running(&loaded), ["a=one"]);
    assert!(folder.files.reload(Look::Closely).is_none());
    assert!(folder.files.reload(Look::Briefly).is_none());
    assert!(folder.write("a.yml", &rule("a", "one")).is_none());
    assert!(folder.write(".a.yml.swp", "b0VIM").is_none());
    assert!(folder.write(".#a.yml", "an editor's own").is_none());
    assert!(folder.write("a.yml~", "title: old").is_none());
}

#[test]
fn rules_come_change_and_go() {
    let (mut folder, before) = Folder::new(&[("a.yml", &rule("a", "one"))]);
    let added = folder.write("b.yml", &rule("b", "one")).unwrap();
    assert_eq!(running(&added), ["a=one", "b=one"]);
    let changed = folder.write("a.yml", &rule("a", "two")).unwrap();
    assert_eq!(running(&changed), ["a=two", "b=one"]);
    assert_ne!(changed.fingerprint, added.fingerprint);
    fs::rename(folder.folder.path().join("b.yml"), folder.folder.path().join("c.yml")).unwrap();
    let renamed = folder.files.reload(Look::Briefly).unwrap();
    assert_eq!((running(&renamed), problems(&renamed)), (running(&changed), Vec::new()));
    assert_eq!(renamed.fingerprint, changed.fingerprint, "nothing that runs is another");
    fs::remove_file(folder.folder.path().join("c.yml")).unwrap();
    folder.write("a.yml", &rule("a", "one"));
    let loaded = folder.files.reload(Look::Closely);
    assert!(loaded.is_none(), "both were seen at once");
    assert_eq!(folder.files.fingerprint(), before.fingerprint);
}

#[test]
fn a_broken_rule_runs_on_in_its_last_good_text() {
    let two = |a: &str, b: &str| format!("{a}---\n{b}");
    let (mut folder, before) = Folder::new(&[("r.yml", &two(&rule("a", "one"), &rule("b", "one")))]);
    let broken = rule("b", "two").replace("condition: s", "condition: nothing");
    let loaded = folder.write("r.yml", &two(&rule("a", "two"), &broken)).unwrap();
    assert_eq!(running(&loaded), ["a=two", "b=one"], "the other rule of the file is taken");
    let [problem] = problems(&loaded).try_into().unwrap();
    assert!(
        problem.starts_with("r.yml:13: ") && problem.ends_with("runs until this is corrected"),
        "{problem}"
    );

    let loaded = folder.write("r.yml", "title: [").unwrap();
    assert_eq!(running(&loaded), ["a=two", "b=one"], "as many broken edits as it takes");
    let loaded = folder.write("other.yml", &rule("c", "three")).unwrap();
    assert_eq!(running(&loaded), ["c=three", "a=two", "b=one"]);
    assert_eq!(problems(&loaded).len(), 1, "still to be solved: {:?}", problems(&loaded));

    fs::remove_file(folder.folder.path().join("other.yml")).unwrap();
    let loaded = folder.write("r.yml", &two(&rule("a", "one"), &rule("b", "one"))).unwrap();
    assert_eq!((running(&loaded), problems(&loaded)), (running(&before), Vec::new()));
    assert_eq!(loaded.fingerprint, before.fingerprint);
}

#[test]
fn an_edit_that_breaks_only_in_company_is_refused_as_well() {
    let count = |of: &str| {
        format!(
            "title: count\nname: count\ncorrelation:\n  type: event_count\n  rules: [{of}]\n  \
             timespan: 1m\n  condition: {{gte: 2}}\n"
        )
    };
    let (mut folder, before) = Folder::new(&[("a.yml", &rule("a", "one")), ("c.yml", &count("a"))]);
    assert_eq!(before.rules.correlations.len(), 1);
    let loaded = folder.write("c.yml", &count("nobody")).unwrap();
    assert_eq!(loaded.rules.correlations[0].correlation.rules[0].value, "a");
    assert!(problems(&loaded)[0].contains("`nobody`"), "{:?}", problems(&loaded));
    let loaded = folder.write("b.yml", &rule("nobody", "one")).unwrap();
    assert_eq!(loaded.rules.correlations[0].correlation.rules[0].value, "nobody", "now it can run");
    assert_eq!(problems(&loaded), Vec::<String>::new());

    let block = count("a") + "soctop:\n  schema: 1\n  alert: {close_after: soon}\n";
    let loaded = folder.write("c.yml", &block).unwrap();
    assert_eq!(loaded.rules.correlations[0].correlation.rules[0].value, "nobody");
    assert!(problems(&loaded)[0].starts_with("c.yml:10: "), "{:?}", problems(&loaded));
}

#[test]
fn a_file_that_is_empty_for_now_takes_nothing_away() {
    let (mut folder, _) = Folder::new(&[("a.yml", &rule("a", "one"))]);
    let loaded = folder.write("a.yml", "").unwrap();
    assert_eq!(running(&loaded), ["a=one"]);
    assert_eq!(
        problems(&loaded),
        ["a.yml:1: the file is empty; the previous text runs until this is corrected"]
    );
    let loaded = folder.write("a.yml", &rule("a", "one")).unwrap();
    assert_eq!((running(&loaded), problems(&loaded)), (vec!["a=one".to_owned()], Vec::new()));
    let loaded = folder.write("a.yml", "# nothing any more\n").unwrap();
    assert_eq!(running(&loaded), Vec::<String>::new());
}

#[test]
fn a_folder_that_is_away_keeps_its_rules() {
    let parent = tempfile::tempdir().unwrap();
    let (here, there) = (parent.path().join("rules"), parent.path().join("away"));
    fs::create_dir(&here).unwrap();
    fs::write(here.join("a.yml"), rule("a", "one")).unwrap();
    let (mut files, before) = RuleFiles::read(vec![here.clone()], false, Placeholders::new()).unwrap();
    fs::rename(&here, &there).unwrap();
    let away = files.reload(Look::Closely).unwrap();
    assert_eq!(running(&away), ["a=one"]);
    assert_eq!(problems(&away).len(), 1);
    assert!(files.reload(Look::Closely).is_none(), "said once");
    fs::rename(&there, &here).unwrap();
    let back = files.reload(Look::Closely).unwrap();
    assert_eq!((problems(&back), back.fingerprint), (Vec::new(), before.fingerprint));
}

#[test]
fn a_rule_that_never_ran_has_nothing_to_fall_back_to() {
    let (mut folder, loaded) = Folder::new(&[("a.yml", "title: a\n")]);
    assert_eq!(running(&loaded), Vec::<String>::new());
    assert!(!problems(&loaded).is_empty());
    let loaded = folder.write("a.yml", "title: b\n").unwrap();
    assert!(problems(&loaded).iter().all(|problem| !problem.contains("runs on")), "{:?}", problems(&loaded));
    let loaded = folder.write("a.yml", &rule("a", "one")).unwrap();
    assert_eq!((running(&loaded), problems(&loaded)), (vec!["a=one".to_owned()], Vec::new()));
}

#[test]
fn lists_and_paths_follow_the_configuration_while_it_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let config = at("config.toml");
    fs::create_dir(at("rules")).unwrap();
    fs::write(at("rules/a.yml"), rule("a", "'%word%'").replace("{e:", "{e|expand:")).unwrap();
    fs::write(at("words"), "one\n").unwrap();
    let text = "[rules]\nbundled = false\npaths = [\"rules\"]\n[lists]\nword = { file = \"words\" }\n";
    fs::write(&config, text).unwrap();
    let flags = Flags { config: Some(config.clone()), ..Flags::default() };
    let resolved = Config::resolve(&flags, &Environment::default()).unwrap();
    let (files, before) = RuleFiles::open(&resolved).unwrap();
    let mut files = files.following(flags, Environment::default(), &resolved);
    assert_eq!((running(&before), problems(&before)), (vec!["a=one".to_owned()], Vec::new()));
    assert!(files.reload(Look::Closely).is_none());

    fs::write(at("words"), "two\n").unwrap();
    let loaded = files.reload(Look::Briefly).unwrap();
    assert_eq!(running(&loaded), ["a=two"]);
    assert_ne!(loaded.fingerprint, before.fingerprint);

    fs::write(&config, text.replace("paths", "path")).unwrap();
    let loaded = files.reload(Look::Closely).unwrap();
    assert_eq!(running(&loaded), ["a=two"]);
    assert!(problems(&loaded)[0].starts_with("config.toml:3: "), "{:?}", problems(&loaded));
    assert!(files.reload(Look::Briefly).is_none(), "said once");

    fs::create_dir(at("more")).unwrap();
    fs::write(at("more/b.yml"), rule("b", "three")).unwrap();
    fs::write(&config, text.replace("[\"rules\"]", "[\"more\", \"rules\"]")).unwrap();
    let loaded = files.reload(Look::Closely).unwrap();
    let expected = ["b=three".to_owned(), "a=two".to_owned()];
    assert_eq!((running(&loaded), problems(&loaded)), (expected.to_vec(), Vec::new()));
}

#[test]
fn links_that_lead_in_circles_come_to_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("below")).unwrap();
    fs::write(at("a.yml"), rule("a", "one")).unwrap();
    fs::write(at("below/b.yml"), rule("b", "one")).unwrap();
    for (link, target) in [("here", "."), ("there", "."), ("below/up", ".."), ("twice", "below")] {
        symlink(target, at(link)).unwrap();
    }
    let (_, loaded) = RuleFiles::read(vec![folder.path().to_owned()], false, Placeholders::new()).unwrap();
    assert_eq!((running(&loaded), problems(&loaded)), (vec!["a=one".to_owned(), "b=one".to_owned()], vec![]));
}

#[test]
fn a_folder_may_be_a_link_to_elsewhere() {
    let (elsewhere, _) = Folder::new(&[("a.yml", &rule("a", "one"))]);
    let (mut folder, _) = Folder::new(&[]);
    symlink(elsewhere.folder.path(), folder.folder.path().join("ours")).unwrap();
    let loaded = folder.files.reload(Look::Closely).unwrap();
    assert_eq!((running(&loaded), problems(&loaded)), (vec!["a=one".to_owned()], vec![]));
}

#[test]
fn a_file_of_a_folder_that_cannot_be_read_stops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("a.yml"), rule("a", "one")).unwrap();
    symlink("nowhere", at("dangling.yml")).unwrap();
    symlink("/dev/zero", at("device.yml")).unwrap();
    mknodat(CWD, at("pipe.yml"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let (mut files, loaded) =
        RuleFiles::read(vec![folder.path().to_owned()], false, Placeholders::new()).unwrap();
    let expected = [
        "dangling.yml:1: cannot be read (No such file or directory (os error 2))",
        "device.yml:1: cannot be read (it is not a regular file)",
        "pipe.yml:1: cannot be read (it is not a regular file)",
    ];
    assert_eq!(
        (running(&loaded), problems(&loaded)),
        (vec!["a=one".to_owned()], expected.map(str::to_owned).to_vec())
    );
    assert!(files.reload(Look::Closely).is_none(), "said once");
    assert!(files.reload(Look::Briefly).is_none(), "said once");

    fs::remove_file(at("a.yml")).unwrap();
    symlink("/dev/zero", at("a.yml")).unwrap();
    let loaded = files.reload(Look::Briefly).unwrap();
    assert_eq!(running(&loaded), ["a=one"]);
    assert_eq!(
        problems(&loaded)[0],
        "a.yml:1: cannot be read (it is not a regular file); the previous rules keep running"
    );
}

#[test]
fn a_file_that_was_named_must_be_readable() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.yml");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    for (path, reason) in [(pipe, "not a regular file"), (folder.path().join("nowhere.yml"), "No such file")]
    {
        let error = load_rules(std::slice::from_ref(&path), Placeholders::new()).err().unwrap();
        assert_eq!(error.path, path);
        assert!(error.source.to_string().contains(reason), "{}", error.source);
    }
}

#[test]
fn thousands_of_files_are_read_side_by_side_in_one_order() {
    let numbers: Vec<usize> = (0..3_000).collect();
    let texts =
        numbers.iter().map(|number| (format!("{number:04}.yml"), rule(&format!("r{number:04}"), "x")));
    let texts: Vec<(String, String)> = texts.collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (&**name, &**text)).collect();
    let (_, loaded) = Folder::new(&files);
    let names: Vec<String> = numbers.iter().map(|number| format!("r{number:04}")).collect();
    let titles: Vec<&str> = loaded.rules.detections.iter().map(|rule| &*rule.header.title).collect();
    assert_eq!(titles, names);
}
