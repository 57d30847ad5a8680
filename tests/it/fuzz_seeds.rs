//! The seeds of the fuzz targets through the checks that the targets make (`fuzz/checks.rs`).

use std::fs;
use std::path::Path;

#[path = "../../fuzz/checks.rs"]
mod checks;

#[test]
fn every_seed_passes_the_check_of_its_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for (target, check) in checks::CHECKS {
        let folder = fs::read_dir(root.join(target)).expect("every target has seeds");
        let mut seeds = 0;
        for entry in folder {
            let path = entry.expect("an entry of the folder").path();
            let data = fs::read(&path).expect("a seed");
            // A panic names the seed, because the test's output is shown with it.
            println!("{}", path.display());
            check(&data);
            seeds += 1;
        }
        assert!(seeds >= 15, "{target} has {seeds} seeds");
    }
}
