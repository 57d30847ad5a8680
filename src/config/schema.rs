//! What may stand in the configuration file, as data: the keys that are known, the template that `soctop config`
//! prints and the reference in the documentation all come from here.

/// One table of the file.
pub struct Section {
    pub name: &'static str,
    /// `[[name]]`: there may be several.
    pub repeated: bool,
    pub about: &'static str,
    /// Empty: the names are the user's own.
    pub keys: &'static [Key],
}

/// One key of a table.
pub struct Key {
    pub name: &'static str,
    /// A value as it may be written, the default where there is one.
    pub example: &'static str,
    pub about: &'static str,
}

/// Every table, in the order of the template.
pub const SECTIONS: &[Section] = &[
    Section {
        name: "rules",
        repeated: false,
        about: "Which rules run.",
        keys: &[
            Key {
                name: "paths",
                example: r#"["rules"]"#,
                about: "Rule files and folders that add to the bundled rules; a rule with the name or the id of a\n\
                        bundled one replaces it (flag --rules).",
            },
            Key {
                name: "bundled",
                example: "true",
                about: "Whether the bundled rules run at all (flag --only-rules).",
            },
            Key {
                name: "routing",
                example: "true",
                about: "Match rules only against events of their logsource (flag --no-routing).",
            },
            Key {
                name: "vocabulary",
                example: r#"["vocabulary"]"#,
                about: "How more products say what happened: files and folders that are asked before the bundled\n\
                        ones (flag --vocabulary).",
            },
        ],
    },
    Section {
        name: "lists",
        repeated: false,
        about: "Lists for rules that use `expand`: `%name%` stands for these values. The values may stand in a\n\
                file, one a line; what begins with `#` there is a comment.",
        keys: &[],
    },
    Section {
        name: "networks",
        repeated: false,
        about: "Names for networks of your own, shown beside their addresses: VPN, scanners, load balancers.\n\
                The narrowest network that holds an address names it. For the screen only: rules do not see it.",
        keys: &[],
    },
    Section {
        name: "benign",
        repeated: true,
        about: "What is known to be harmless: your own scanners, health checks, crawlers, deployments, backups. No rule\n\
                looks at its events; they are stored and shown with its name in `soctop.benign`. Every key that is\n\
                given must match, with any one of its values; `*` stands for anything.",
        keys: &[
            Key { name: "name", example: r#""scanner""#, about: "What it is called." },
            Key {
                name: "from",
                example: r#"["192.0.2.7", "198.51.100.0/24"]"#,
                about: "Addresses and networks that it comes from. This or `hosts` is needed: the rest is what a\n\
                        client writes.",
            },
            Key {
                name: "from_file",
                example: r#""crawlers.txt""#,
                about: "A file with more of them, one per line: the published ranges of a crawler.",
            },
            Key { name: "hosts", example: r#"["build-*"]"#, about: "Hosts that it works on." },
            Key { name: "users", example: r#"["deploy", "backup"]"#, about: "Users that it works as." },
            Key { name: "agents", example: r#"["kube-probe/*"]"#, about: "What it calls itself." },
            Key { name: "paths", example: r#"["/health*"]"#, about: "Paths that it requests." },
        ],
    },
    Section {
        name: "source",
        repeated: true,
        about: "What is known about some sources. Of several entries the first that matches a path counts.",
        keys: &[
            Key {
                name: "paths",
                example: r#"["/var/log/app/*.log"]"#,
                about: "Files, globs, folders or `-` (standard input). `soctop watch` without paths reads them;\n\
                        `**/name.log` is about files of that name anywhere, and is not read by itself.",
            },
            Key {
                name: "format",
                example: r#""auto""#,
                about: "`json`, `logfmt` and `plain` force a format, `auto` recognises it line by line.",
            },
            Key {
                name: "pattern",
                example: r"'^(?<time>\S+) (?<log.level>\w+) (?<user.name>\S+): (?<message>.*)$'",
                about: "Instead of `format`: an expression whose named groups are the fields.",
            },
            Key {
                name: "fields",
                example: r#"{ "who" = "user.name", "req.origin" = "source.ip" }"#,
                about: "What fields are: name in the log = canonical name. `event.duration` counts nanoseconds;\n\
                        `event.duration_us`, `_ms` and `_s` take other units.",
            },
            Key {
                name: "correlation",
                example: r#"{ use = ["ticket"], never = ["X-Trace-Id", "message"] }"#,
                about: "Fields that hold correlation ids, and fields that are never taken for one; `message` stands\n\
                        for ids in messages.",
            },
            Key {
                name: "logsource",
                example: r#"{ category = "application", product = "lattice", service = "api" }"#,
                about: "Sigma's logsource, by which rules are chosen; what is left out is detected.",
            },
            Key {
                name: "defaults",
                example: r#"{ "service.name" = "lattice", "host.name" = "web-1" }"#,
                about: "`service.name`, `service.environment` and `host.name` of events that have none.",
            },
            Key {
                name: "proxies",
                example: r#"["203.0.113.0/24"]"#,
                about: "Your proxies with public addresses: the client is the address that they forward. Private\n\
                        ones need not be listed.",
            },
            Key {
                name: "timezone",
                example: r#""Europe/Berlin""#,
                about: "Zone of timestamps that name none (default UTC): a name, or an offset such as `+02:00`.",
            },
            Key {
                name: "year",
                example: "2026",
                about: "Year of the first timestamp of a file where timestamps have none (default: by the time of\n\
                        reading).",
            },
            Key {
                name: "redaction",
                example: r#"{ fields = ["tax_id"], patterns = ['KD-\d{8}'] }"#,
                about: "Secrets of these sources, beside those of `[redaction]`.",
            },
        ],
    },
    Section {
        name: "redaction",
        repeated: false,
        about: "Secrets in addition to the known ones, masked before anything is stored or shown. Nothing switches the\n\
                known ones off.",
        keys: &[
            Key {
                name: "fields",
                example: r#"["tax_id"]"#,
                about: "Fields whose values are secrets, with everything below them.",
            },
            Key {
                name: "patterns",
                example: r"['KD-\d{8}']",
                about: "Expressions: whatever they match in a line or in a value is masked everywhere in it.",
            },
        ],
    },
    Section {
        name: "store",
        repeated: false,
        about: "Where the index lives.",
        keys: &[
            Key {
                name: "data_dir",
                example: r#""~/.local/state/soctop""#,
                about: "Folder of the index and its cursors (flag --data-dir, environment SOCTOP_DATA_DIR).",
            },
            Key {
                name: "memory",
                example: r#""1GB""#,
                about: "Memory for everything that grows with what is read; close to the limit less is followed exactly, and\n\
                        soctop says so. Default: 1 GiB, at most half of what the machine has (flag --memory).",
            },
        ],
    },
    Section {
        name: "retention",
        repeated: false,
        about: "How much of the index is kept; without these keys, everything. Whole periods are removed, the oldest first;\n\
                the one being written always stays. Every answer says what has been removed.",
        keys: &[
            Key {
                name: "age",
                example: r#""30d""#,
                about: "Remove what was read longer ago: `30d`, `12h`, `4w` (flag --retain).",
            },
            Key {
                name: "max_size",
                example: r#""20GB""#,
                about: "Remove the oldest events when the data directory is larger: `20GB`, `500MB` (flag --max-size).",
            },
            Key {
                name: "keep_free",
                example: r#""512MB""#,
                about: "Writing, and then reading, pauses while less than this is free on the disk of the data directory.\n\
                        Default: a twentieth of the disk, at most 512 MiB (flag --keep-free).",
            },
        ],
    },
    Section {
        name: "screen",
        repeated: false,
        about: "How the dashboard draws.",
        keys: &[
            Key { name: "fps", example: "10", about: "Most frames per second, 1 to 30 (flag --fps)." },
            Key { name: "ascii", example: "false", about: "Letters and ASCII signs only (flag --ascii)." },
            Key {
                name: "no_motion",
                example: "false",
                about: "No live clock and fewer repaints (flag --no-motion, environment NO_MOTION).",
            },
            Key {
                name: "theme",
                example: r#""terminal""#,
                about: "Colours: terminal (its own 16), dark, light, high-contrast, colour-blind, monochrome.",
            },
            Key {
                name: "mouse",
                example: "true",
                about: "Clicks and the wheel go to soctop; `m` switches while it runs.",
            },
        ],
    },
    Section {
        name: "keys",
        repeated: false,
        about: "Other keys for what the dashboard does: action = key, or a list of keys, which replace the default ones.\n\
                Keys are characters, `ctrl-k`, `alt-left`, `space`, `enter`, `esc`, `pgdn`, `home`, `f5`. A key for two\n\
                actions is refused, and so is an unknown action.",
        keys: &[],
    },
];

/// What the template shows in tables whose names are the user's own.
const LIST_EXAMPLES: &[&str] =
    &[r#"admins = ["root", "adm*"]"#, r#"known_scanners = { file = "scanners.txt" }"#];

/// The keys of one table.
pub(super) fn keys(section: &str) -> Vec<&'static str> {
    let found = SECTIONS.iter().find(|known| known.name == section);
    found.map(|section| section.keys.iter().map(|key| key.name).collect()).unwrap_or_default()
}

/// Keys as they may be written.
const KEY_EXAMPLES: [&str; 2] = [r#"acknowledge = "A""#, r#"down = ["n", "down"]"#];

/// Networks as they may be written.
const NETWORK_EXAMPLES: [&str; 2] = [r#"vpn = ["10.8.0.0/16"]"#, r#"scanner = "192.0.2.7""#];

/// A configuration file in which everything is commented out: `# ` begins a remark, `#` alone a setting.
#[must_use]
pub fn template() -> String {
    let mut text = String::from(
        "# Configuration of soctop. Nothing here is needed: remove the `#` before what you want to change.\n\
         # Looked up: --config FILE, $SOCTOP_CONFIG, $XDG_CONFIG_HOME/soctop/config.toml, /etc/soctop/config.toml;\n\
         # the first that exists is read. A flag wins over the environment, the environment over this file.\n\
         # Relative paths start at the folder of this file. `soctop config --effective` says what is in force.\n",
    );
    for section in SECTIONS {
        text.push('\n');
        remark(&mut text, section.about);
        let (open, close) = if section.repeated { ("[[", "]]") } else { ("[", "]") };
        text.push_str(&format!("#{open}{}{close}\n", section.name));
        for key in section.keys {
            remark(&mut text, key.about);
            text.push_str(&format!("#{} = {}\n", key.name, key.example));
        }
        if section.name == "networks" {
            NETWORK_EXAMPLES.iter().for_each(|example| text.push_str(&format!("#{example}\n")));
        }
        if section.name == "keys" {
            KEY_EXAMPLES.iter().for_each(|example| text.push_str(&format!("#{example}\n")));
        }
        if section.name == "lists" {
            LIST_EXAMPLES.iter().for_each(|example| text.push_str(&format!("#{example}\n")));
        }
    }
    text
}

fn remark(text: &mut String, about: &str) {
    about.lines().for_each(|line| text.push_str(&format!("# {line}\n")));
}
