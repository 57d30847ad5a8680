//! The signals: what a value of an ordinary request does not have, with how much each says.
//!
//! Weight 5: no ordinary value has this. 3: two of them are needed. 1: a hint. Data, not code: each signal knows one
//! text and one neighbour that it must not know, and none is made for a single text.

use super::Place;

/// One thing that can be seen in a value.
#[cfg_attr(not(test), expect(dead_code, reason = "the texts are for the tests"))]
#[derive(Clone, Copy, Debug)]
pub(super) struct Signal {
    /// `family/what`.
    pub(super) name: &'static str,
    pub(super) weight: u8,
    /// Not halved in prose and text fields: nobody writes this about something.
    pub(super) hard: bool,
    pub(super) places: Places,
    /// For a `regex::bytes::Regex` that ignores case; empty for a signal that a function reads.
    pub(super) pattern: &'static str,
    pub(super) knows: &'static str,
    pub(super) not: &'static str,
}

/// Where a signal is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Places {
    All,
    /// Nowhere in the path, which may name a program.
    NotPath,
    /// Nowhere in bodies, where lines of text are ordinary.
    NotBody,
    Body,
    Xml,
}

impl Places {
    pub(super) fn has(self, place: Place) -> bool {
        let body = matches!(place, Place::Form | Place::Json | Place::Part | Place::Xml | Place::Raw);
        match self {
            Places::All => place != Place::Document,
            Places::NotPath => !matches!(place, Place::Path | Place::Document),
            Places::NotBody => !body && place != Place::Document,
            Places::Body => body,
            Places::Xml => true,
        }
    }
}

const fn s(
    name: &'static str,
    weight: u8,
    pattern: &'static str,
    knows: &'static str,
    not: &'static str,
) -> Signal {
    Signal { name, weight, hard: false, places: Places::All, pattern, knows, not }
}

impl Signal {
    const fn hard(self) -> Self {
        Self { hard: true, ..self }
    }

    const fn only(self, places: Places) -> Self {
        Self { places, ..self }
    }

    pub(super) fn family(&self) -> &'static str {
        self.name.split_once('/').map_or(self.name, |(family, _)| family)
    }
}

/// By family; within it, in no order.
pub(super) const SIGNALS: &[Signal] = &[
    // SQL. The text has its comments and blanks squeezed to one blank each.
    s("sqli/union-select", 5, r"(?:^|[^a-z])union[ (]*(?:all |distinct |distinctrow )?[ (]*(?:select|values|table)\b", "0) uNion aLL (select 1", "union jack select"),
    s("sqli/select-from", 3, r"\bselect\b.+\bfrom\b", "select a from b", "from select"),
    s("sqli/sub-select", 3, r"\( ?select\b", "1 in (select 2)", "(selected)"),
    s("sqli/select-probe", 3, r"\bselect[ (]+(?:@@|null\b|\d+ ?,|\* ?from|'|concat|user\b|version|char\b|load_|sleep|case\b|if ?\(|count ?\(|0x|top \d|distinct\b|name\b|pg_|current_)", "select null,null", "select comfort"),
    s("sqli/break-logic", 3, r#"['"`][ )]*(?:\b(?:or|and|xor|having|where|div|like|in|is|between)\b|\|\||&&)[ (+!~'"`-]"#, "x') or 'a'='a", "O'Brien or"),
    s("sqli/logic-number", 3, r#"(?:^|[^a-z])(?:or|and|xor|not|having|where|\|\||&&)[ (!~+-]*['"]?\d[\d.e]*['"]?[ )]*(?:=|<>|!=|<|>|\blike\b|\bin\b|\bbetween\b|\bregexp\b|\brlike\b|--|#)"#, "1 or 1=1", "2 or 3 cats"),
    s("sqli/numbers-compared", 2, r#"(?:^|[^\w.])['"]?\d+['"]? ?(?:=|<>|!=|<|>|\blike\b) ?['"]?\d+"#, "or 1=0", "a=1"),
    s("sqli/logic-string", 3, r#"\b(?:or|and|xor|not)[ (]+['"][^'"]{0,24}['"] ?(?:=|<|>|!=|like\b|in\b|is\b)"#, "or 'a'='a", "and 'a' was"),
    s("sqli/logic-call", 3, r"\b(?:or|and|xor|not|where|having|then|when|case)[ (]+(?:ascii|ord|length|substr(?:ing)?|mid|sleep|if|iif|char|exists|count|ifnull|cast|convert|select|benchmark|elt|make_set|rand|row) ?\(", "and ascii(1", "and count me"),
    s("sqli/logic-end", 2, r#"(?:^|[^a-z])(?:or|and)[ (]+(?:true|false|null)\b"#, "x or true", "or trueness"),
    s("sqli/stacked", 4, r"; ?(?:select|insert|update|delete|drop|create|alter|exec(?:ute)?|declare|waitfor|shutdown|truncate|grant|merge|call|begin|copy|attach|use|set|if)\b[ @(]", "1; drop table a", "a;drop-table"),
    s("sqli/end-comment", 2, r"(?:--[ +-]{0,3}|#|/\* ?|;\x00|--[ ]\w{1,8})$", "admin'-- -", "a--b"),
    s("sqli/version-comment", 5, r"/\*!\d{0,5} ?\w", "1/*!50000union", "/* x */").hard(),
    s("sqli/comment-for-blank", 3, r"\w/\*[^*]*\*/\w|\)/\*\*/|'/\*", "union/**/select", "a /* b */ c"),
    s("sqli/schema", 5, r"\binformation_schema\b|\bpg_(?:catalog|user|shadow|roles|database|class|tables)\b|\bsqlite_(?:master|schema|temp_master|version)\b|\bsys(?:objects|columns|databases|logins|processes|users|ibm)\b|\bmysql\.(?:user|db|innodb)|\ball_(?:tables|users|tab_columns)\b|\buser_tab|\bdba_users\b|\bmaster\.\.|\bmsdb\b|\bv\$version|\bxp_\w+|\bsp_(?:executesql|oacreate|configure|makewebtask|password|who|help)|@@(?:version|hostname|datadir|basedir|servername|global|session|tmpdir|spid|identity|microsoft)|\brdb\$\w+|\bmsysaccess", "from information_schema.tables", "the schema"),
    s("sqli/waiting", 3, r"\b(?:sleep|pg_sleep|benchmark|dbms_lock\.sleep|dbms_pipe\.receive_message|randomblob) ?\(", "sleep(5)", "asleep ("),
    s("sqli/call-alone", 3, r"^\W*(?:database|version|user|current_user|session_user|system_user|schema|div|connection_id|last_insert_id|uuid|pi|now) ?\( ?(?:\)|$|\d)", "database()", "div(ision)"),
    s("sqli/waiting-alone", 2, r"^[^a-z]*(?:sleep|pg_sleep|benchmark) ?\([^()]*\)[^a-z]*$|^[^a-z]*; ?(?:sleep|pg_sleep|benchmark) ?\(", "sleep(5)", "sleep(8) hours"),
    s("sqli/wait-for", 5, r"\bwaitfor (?:delay|time)\b", "waitfor delay '0:0:5'", "wait for delay"),
    s("sqli/leaking", 4, r"\bjson_(?:extract|object|array|query|value|search|contains\w*|overlaps|set|type|depth|valid|length)\b ?\(|\b(?:current_setting|pg_(?:read|ls|stat|lsclusters|current|postmaster|conf)\w*|lo_(?:get|put|from_bytea)|inet_(?:server|client)_\w+|has_\w+_privilege|extractvalue|updatexml|xmltype|xmlagg|load_file|regexp_substring|generate_series|make_set|dblink_connect|drithsx|json_keys|geometrycollection|multipoint|multipolygon|linestring|gtid_subset|name_const|crypt_key|sys_eval|sys_exec|group_concat|current_database|db_name|schema_name|session_user|system_user|string_agg|object_id|unhex|row_count|utl_(?:http|inaddr|file|smtp)\.\w+|dbms_\w+\.\w+|nvl|sysdate|char_length|bin_to_num|uuid_to_bin|is_srvrolemember|is_member|suser_s?name) ?\(", "extractvalue(1,2)", "value (1)"),
    s("sqli/reading-call", 2, r"(?:\b(?:div|schema|connection_id|last_insert_id|current_date|uuid|concat(?:_ws)?|char|chr|ascii|substr(?:ing)?|hex|cast|convert|database|version|user|current_user|count|ifnull|nullif|iif|mid|ord|length|coalesce|quote|rand|floor|elt|exp|lpad|rpad|replace|left|right|reverse|strcmp|greatest|least|bin|if|md5|sha1|now|round|sum|min|max|avg|pi|tan|trim|lower|upper|instr|locate|isnull) ?\()", "substring(1,2)", "a version of"),
    s("sqli/file", 5, r"\binto (?:out|dump)file\b|\bload data (?:local )?infile\b|\bcopy \w+ (?:from|to) program\b|\blo_import\b|\bbulk insert\b|\bopenrowset\b", "into outfile '/tmp/a'", "into the file"),
    s("sqli/case-when", 3, r"\bcase\b.*\bwhen\b.+\bthen\b|\biif ?\(|\bif ?\([^,]+,[^,]+,", "case when 1 then 2 end", "in case, then when"),
    s("sqli/order-number", 3, r"\b(?:order|group) by (?:\d+|\(|null|rand)|\bhaving \d|\bgroup by .+\bhaving\b|\bprocedure analyse\b|\blimit \d+ ?, ?\d+", "1' order by 10", "order by created"),
    s("sqli/statement", 3, r"\binsert into \w|\bdelete from \w|\bdrop (?:table|database|view|schema|user|procedure|function|index|column)\b[ ;]|\bupdate \w+ set \w+ ?=|\balter (?:table|database|user) \w|\btruncate table \w|\bcreate (?:table|user|function|procedure|alias|trigger|database) \w|\bexec(?:ute)? (?:immediate|master|sp_|xp_|\(|@)|\bdeclare @|\bselect \* from\b|\bshutdown\b ?(?:with|;|--)", "update a set b=1", "update on the set"),
    s("sqli/quantifier", 2, r"\b(?:exists|in|any|all|some) ?\( ?select\b", "any (select 1)", "all selects"),
    s("sqli/char-soup", 5, r"(?:chr|char) ?\( ?\d+ ?\) ?(?:\|\||\+|,|&)|(?:0x[0-9a-f]{2,},){2}|\bn?char ?\( ?\d+ ?, ?\d+", "chr(65)||chr(66)", "char (1)"),
    s("sqli/hex-text", 2, r"\b0x[0-9a-f]{6,}", "0x61646d696e", "0x1f"),
    s("sqli/joined-text", 3, r#"['"] ?(?:\|\||\+) ?(?:['"(]|\w+ ?\()"#, "'||(a", "a + b"),
    s("sqli/operator-break", 2, r#"^[^'"`]{0,24}['"`][ )]*(?:[*/%^|&=!<>+-]|<=>|:=|\bdiv\b|\bmod\b|\bis\b|\blike\b|\bin\b|\bcollate\b)[ (=!~+'"`-]*(?:['"`(\d]|true|false|null)"#, "'=0", "it's 5"),
    s("sqli/operators-alone", 2, r"^ ?'[ )]*[-+*/^&|=<>!%]{1,3}[ (]*'? ?$", "'-'", "a '-' b"),
    s("sqli/empty-text", 2, r#"['"]{2} ?[-+*^&/|=<>] ?['"]"#, "' or ''-'", "\"\", \"\""),
    s("sqli/json-text", 5, r#"'\s*[\[{][^']{0,200}[\]}]\s*'\s*(?:::\s?jsonb?|[<>?@#-][<>?@|&]?\s?['\[a-z$])"#, "or '{}'::jsonb", "'{a}' is"),
    s("sqli/pattern-word", 3, r#"\b(?:not )?(?:rlike|regexp|sounds like|glob|similar to|like|between) ?(?:binary )?['"(0-9]|\bis (?:not )?null\b|\bcollate \w+"#, "rlike '^a'", "glob of"),
    s("sqli/json-operator", 3, r#"['"](?:::jsonb?)? ?(?:@>|<@|->>?|#>>?|\?[|&]|@@|@\?|#-) ?['"\d(]?|['"] ?(?:or|and)\b[^=]+(?:@>|->>?|<@|\?\|)"#, "1' or data @> '{", "a -> b"),
    s("sqli/alias", 2, r"::(?:jsonb?|text|int|varchar|numeric|char|double|date|bool)\b|\) ?(?:as )?[a-z]\w{0,10} ?(?:where|on|join|--|#)|\bfrom dual\b|\bas \w+ from\b|\binner join\b|\bnatural join\b|\bcross join\b", "from dual", "dual use"),
    s("sqli/sentence-end", 1, r#"['"`] ?(?:;|\)|--|#|/\*|$)"#, "a';", "a; b"),
    // Script.
    s("xss/script-tag", 4, r"<[\s/\x00]*(?:[\w-]{1,16}:)?script\b", "<script src=a>", "scripts <b>"),
    s("xss/active-tag", 3, r"<[\s/\x00]*(?:[a-z]{1,16}:[a-z]\w{2,16}|\?import|iframe|object|embed|svg|math|applet|base|meta|link|style|frame|frameset|xml|marquee|isindex|image|img|video|audio|body|input|form|button|details|template|noscript|keygen|bgsound|layer|ilayer|xss|set|animate\w*|foreignobject|portal|xmp|plaintext|listing|source|track|select|textarea|table|html)[\s/>\x00]", "<svg/onload", "< 5 and > 3"),
    s("xss/script-uri", 5, r#"(?:^|[=("'])[\s\x00-\x20"'`]*(?:j\s*a\s*v\s*a|v\s*b|j|live)\s*s\s*c\s*r\s*i\s*p\s*t\s*:"#, "javascript:alert(1)", "the javascript: scheme"),
    s("xss/data-uri", 5, r"data:\s*(?:text/(?:html|xml|javascript)|application/(?:xhtml|javascript|x-javascript)|image/svg\+xml)[;,]|data:[^,;]{0,20};base64,\s*PHN", "data:text/html,<b>", "data:image/png;base64"),
    s("xss/style", 4, r"expression\s*\(|-moz-binding|behaviou?r\s*:\s*url|@import\s*['\x22(u]|style\s*=[^>]*url\s*\(\s*['\x22]?\s*(?:j|\\)|style\s*=[^>]{0,80}\\0{2,4}[0-9a-f]{2}", "width:expression(1)", "an expression of"),
    s("xss/active-attribute", 3, r"[\s\x22'/](?:srcdoc|formaction|xlink:href|background|dynsrc|lowsrc|poster|autofocus|onfocus|http-equiv|fscommand|seeksegmenttime|datasrc|dataformatas)\s*(?:=|\s+on)", "<a srcdoc=x", "a background"),
    s("xss/break-tag", 3, r#"["'`]\s*/?>\s*<[a-z!?/]|^\s*["'`]?\s*/?>\s*<[a-z!]|</\s*(?:title|textarea|style|script|noscript|option|select|xmp)\b[^>]*>\s*<"#, "\"><img", "a > b"),
    s("xss/odd-separator", 3, r"<[a-z]\w*[/\x0b\x0c\x00]+[a-z]+\s*=", "<svg/onload=", "<br/>"),
    s("xss/attribute", 2, r"<[a-z][\w:-]*\s[^<>=]{1,48}=\s*\S", "<a href=b", "<a b>"),
    s("xss/call", 3, r#"\b(?:alert|prompt|confirm|print|eval|set(?:timeout|interval)|fetch|import|atob|expression|open|write(?:ln)?)\s*(?:/\*.{0,20}\*/)?\s*(?:\?\.)?[(`]"#, "alert(1)", "alert me"),
    s("xss/proof-call", 3, r#"\b(?:alert|prompt|confirm)\s*[(`]\s*(?:[\d)`/.]|['"\\]|(?:document|window|self|top|location|origin|this)\b|xss|string\b)"#, "alert(1)", "alert(user)"),
    s("xss/handed-call", 5, r#"[(=:,\[{]\s*(?:alert|prompt|confirm|eval)\s*[),;}\]]|\.\s*(?:call|apply|map|sort|find|constructor)\s*`|\breflect\s*\.\s*(?:apply|construct|get|set|sort)\b"#, "[1].find(alert)", "(an alert)"),
    s("xss/computed-call", 3, r#"\[\s*(?:['"/`]|\d+\s*\.\.)[^\]]{0,64}\]\s*[(`]"#, "top['al'+'ert'](1)", "a['b']"),
    s("xss/browser-in-brackets", 2, r"\b(?:window|document|self|top|globalthis|frames|parent)\s*\[\s*['\x22`/]", "document['cookie']", "document[0]"),
    s("xss/script-uri-inside", 4, r"\b(?:java|vb)script\s*:\s*[^\s,.;]{0,40}[(`=\[]", "feed:javascript:alert(1)", "javascript: a (b)"),
    s("xss/nul-in-tag", 5, r"<[^>\x00]{0,32}\x00", "<scr\0ipt", "a\0").hard(),
    s("xss/halved-bytes", 5, r"\xbc/?(?:\xc2)?\s*script", "\u{bc}script\u{be}", "a script").hard(),
    s("xss/moved-away", 2, r"\blocation\s*(?:\.\s*href\s*)?=\s*['\x22`]|\bwindow\s*\.\s*open\s*\(", "location='//a'", "location=a"),
    s("xss/bare-handler", 3, r"^\s*on[a-z]{4,24}\s*=\s*\S", "onclick=a", "on click"),
    s("xss/link-in-query", 2, r"<a\s[^>]{0,64}href\s*=", "<a href=b", "a href").only(Places::NotBody),
    s("xss/seven-bits", 5, r"[+ ]adw-|[+ ]ad4-", "+ADw-script+AD4-", "add-on").hard(),
    s("xss/browser", 3, r#"\b(?:document|window|self|top|parent|frames|this|globalthis|location|navigator|history|localstorage)\s*(?:\.\s*(?:cookie|domain|location|write|body|referrer|href|hash|name|open|eval|alert|assign|replace|appendchild|createelement|getelement\w*|defaultview|url|innerhtml)|\[\s*['\x22/`+(])|string\s*\.\s*fromcharcode|\.\s*(?:innerhtml|outerhtml|srcdoc)\s*=|\blocation\s*=|xmlhttprequest|\bjquery\s*\.|\bonerror\s*=|throw\s+onerror"#, "document.cookie", "the document, cookie"),
    s("xss/unfinished-tag", 5, r"(?:^|\W)<[a-z]\w{0,12}$", "<input", "List<String"),
    s("xss/unfinished-call", 2, r"\b(?:alert|prompt|confirm|eval)\s*\($", "alert(", "alert (a)"),
    s("xss/soup", 5, r"(?:[\[\]()!+] ?){14,}|(?:\\x[0-9a-f]{2}|\\u[0-9a-f]{4}){4,}", "[][(![]+[])[+[]]+", "(a) [b]").hard(),
    s("xss/comment-break", 2, r"--!?>|<!--|<!\[|\]\]>|<\?xml|<!doctype\s+html|<%|<\?", "--><b", "a -> b"),
    s("xss/split-by-section", 4, r"\]\]>[^<]{0,24}<!\[cdata\[", "]]>a<![CDATA[", "]]> a"),
    s("xss/tag-end", 2, r"</\s*[a-z]\w*|<[a-z]\w*\s*/?>", "</b", "< /"),
    // Files.
    s("path/system-folder", 3, r"(?:^|[\s/\x22'=])(?:etc|proc|sys|root|boot|var/(?:adm|apache\d?|backups?|cache|db|lib|log|lp|mail|run|spool|tmp|www)|usr/(?:etc|lib|local|pkg|ports|sbin|share|spool))/+[\w.-]+", "/etc/subuid", "fetch/a"),
    s("path/wrapper", 5, r"(?:^|[=/\s\x22'(])(?:php|phar|expect|zip|compress\.(?:zlib|bzip2)|glob|ssh2(?:\.\w+)?|ogg|rar|zlib|data)://", "php://filter", "graphphp:/"),
    s("path/file-uri", 4, r"(?:^|[=\s\x22'(])(?:url:)?file:/{1,3}", "file:///a", "profile:/"),
    s("path/nul", 3, r"\x00", "a\0.png", "a0"),
    s("path/known-file", 5, r"\bproc/+(?:interrupts|meminfo|kcore|modules|devices|stat|uptime|loadavg|filesystems|partitions|swaps|sched_debug|kallsyms|keys|mtd|vmstat)\b|\betc/+(?:passwd|shadow|group|hosts|issue|motd|fstab|crontab|sudoers|hostname|resolv\.conf|mysql|apache2?|nginx|httpd|ssh|php|init\.d|master\.passwd|security|environment|profile|bash|redhat-release|os-release|network|vsftpd|cron)|\bproc/+(?:self|version|cpuinfo|net|\d+|cmdline|mounts)|/\.(?:ssh|aws|docker|kube|gnupg)/|\bid_[rd]sa\b|\.(?:bash|mysql|psql|zsh)_history|\bboot\.ini|\bwin\.ini|\bdesktop\.ini\b|\bntuser\.|\bunattend(?:ed)?\.(?:txt|xml)|\bsysprep\b|^[a-z]:[\\/]+(?:windows|winnt|inetpub|xampp|wamp|apache|mysql|php\d?|perl|program files|programdata|documents and settings|recycler|\$recycle|system volume)|\b(?:web|meta)-inf|\bsystem32/|\bwindows/+(?:system|win|repair|php)|\bwinnt\b|\binetpub\b|\bweb\.config\b|\.htpasswd|\.htaccess|\bwp-config\b|\bvar/+(?:log|lib|run|mail|www)/|\busr/+local/+(?:etc|apache|nginx)|\bphp\.ini\b|\bmy\.cnf\b|\bglobal\.asa\b", "/etc/passwd", "etching"),
    s("path/absolute", 2, r"^[\s\x22']*(?:/(?:etc|proc|var|usr|root|opt|tmp|sys|dev|boot|mnt|private|windows)/|[a-z]:[\\/]|\\\\[\w.]+\\)", "/opt/a", "a/opt"),
    s("path/semicolon", 5, r"(?:^|/)\.{1,2};[^/]{0,20}/", "/..;/manager", "a;b/").hard(),
    s("path/doubled", 5, r"\.{3,}[/\\]{2,}|\.{2}[/\\]{2,}\.{2}|\.[\\/]\.[\\/]\.\.|\.{4,}[/\\]\.{4,}|\.\.\\/|\.\.%|%2e%2e|\.%00\.|\.\x00[./]|\.\.[\x01-\x1f ]+/", "....//....//", "a...b").hard(),
    s("path/hidden-segment", 3, r"^(?:/[^?]*)?/\.(?:env|git|svn|hg|bzr|aws|ssh|htaccess|htpasswd|ds_store|docker|kube|npmrc|vscode|idea|config|bash|profile|mysql|pgpass|netrc|s3cfg)", "/.git/config", "/.well-known/a").only(Places::NotBody),
    // Doors of frameworks and servers that are for those who run them, and what they keep in memory.
    s("path/management", 4, r"/(?:actuator/+(?:env|heapdump|threaddump|dump|trace|httptrace|httpexchanges|configprops|mappings|loggers|gateway|jolokia|shutdown|beans|auditevents|logfile|sessions|restart|refresh)|jolokia/+(?:list|exec|read|write|search)|(?:jmx|web|admin)-console|invoker/+(?:jmx|ejb)\w*|heapdump|server-(?:status|info)|debug/+pprof|(?:host-)?manager/+(?:html|text|status|jmxproxy))(?:$|[/?.;])", "/actuator/heapdump", "/actuator/health").only(Places::NotBody),
    // Code that belongs to a library, or that somebody has uploaded, is called by nobody's page.
    s("code/library-called", 5, r"/(?:vendor|node_modules|bower_components)/(?:[\w.@-]+/)+[\w.-]+\.(?:php\d?|phtml|phar|inc)$|/phpinfo\.php$", "/vendor/a/b/c.php", "/vendor/a/b.css").only(Places::NotBody),
    s("code/upload-called", 5, r"/(?:uploads?|uploaded|upfiles?)/(?:[\w.-]+/)*[\w.-]+\.(?:php\d?|phtml|phar|jspx?|aspx?|ashx|cgi|pl)(?:$|[/?.;])", "/uploads/2026/a.php", "/uploads/a.png").only(Places::NotBody),
    s("path/left-behind", 4, r"/(?:[\w.-]+\.(?:php|jsp|aspx?|py|rb|conf|cnf|ya?ml|json|env|xml)\.(?:bak|old|orig|save|swp|~)|(?:dump|backup|database|db|site|www|config|credentials|secrets?)[\w-]*\.(?:sql|bak|old|tar|tgz|gz|zip|7z|rar|kdbx|tfstate)|[\w.-]*(?:private|server|ssl|id)[\w-]*\.(?:pem|key|p12|pfx|jks))$", "/config.php.bak", "/back.html").only(Places::NotBody),
    s("path/log-file", 4, r"(?:^|[/\\])(?:access|error|ssl_\w+|httpd?|auth|mail|syslog|messages|secure|other_vhosts_access)[._-]?(?:access|error)?[._-]?logs?(?:$|[\x00?#.])", "/apache/logs/error_log", "/blogs"),
    s("path/server-folder", 3, r"(?:^|[/\\])(?:apache\d?|httpd|nginx|xampp|lampp|tomcat\d?|wamp|mysql|postgresql|proftpd|pure-?ftpd|vsftpd|samba|cpanel|lighttpd|iis)[/\\]+(?:[\w.-]+[/\\]+)*[\w.-]*(?:\.(?:conf|ini|log|cnf|xml|php|txt|db)|_log|passwd)", "/etc/nginx/a.conf", "/nginx/a"),
    s("path/odd-dots", 5, r"(?:0x2e|\bx2e|%2e|\\u002e){2}|0x2e0x(?:2f|5c)|[/\\]\.{5,}|\.{5,}[/\\{]", "0x2e0x2e/", "a...b").hard(),
    s("path/odd-separator", 5, r"(?:\.\.(?:[^\w\s.,;:!?()'\x22/\\]{1,6}|(?:%|u|0x)?(?:2f|5c)|(?:[\xc0-\xff%][\w%\x80-\xff]{1,4}){1,3})){2,}", "..2f..2f", "a.. b..").hard(),
    s("path/climb-in-base64", 5, r"(?-i:Li4vLi4v|4uLy4uL|uLi8uLi8|L2V0Yy9)", "Li4vLi4vYQ", "Li4v").hard(),
    // Commands.
    s("command/blank-variable", 5, r"\$\{?IFS\b", "cat$IFS/etc", "IFS").hard(),
    s("command/brace-list", 5, r"(?:^|[;|&`\n(=\s])\{[a-z/]{2,16},[^{}\s]+\}", "{cat,/etc/hosts}", "{a: 1}").hard(),
    s("command/glob-path", 4, r"/(?:etc|bin|sbin|usr|dev|proc|var|tmp|opt)/[^\s?]*[?*\[]\S|/[a-z]*\[[^\]\s]{1,12}\][a-z/]|/(?:[a-z]{0,8}[?*\[][a-z?*\[\]]{0,12})+(?:/[a-z?*\[\]]+)+|/[a-z]{1,6}/[a-z?]{0,8}\?[a-z?]{0,8}(?:\s|$)", "/b??/c?t", "/a/b?c=1"),
    s("command/glob-in-system", 2, r"/(?:etc|bin|sbin|usr|dev|proc|var|tmp|opt)/+\S{0,64}\[|/[a-z]{0,4}\[[a-z!/-]{1,8}\][a-z]{0,4}/", "/etc/[p]asswd", "/a/b[0]"),
    s("command/dev-tcp", 5, r"/(?:dev/)?(?:tcp|udp)/[\w.]+/\d", "/dev/tcp/1.2.3.4/80", "/dev/null").hard(),
    s("command/decode-run", 5, r"base64\s+(?:-d|-D|--decode)|\|\s*(?:xxd\s+-r|openssl\s+enc)|\becho\s+-e\s+['\x22]?\\\\?x", "base64 -d|sh", "base64 text"),
    s("command/pipe-shell", 4, r"\|\s*(?:sudo\s+)?(?:/\w+/){0,3}(?:(?:ba|z|k|c|da|a|fi)?sh|python\d?|perl|php|ruby|node)\b\s*(?:-|$|[;|&)'\x22\n])", "a|sh", "push | shared"),
    s("command/cmd", 5, r"\b(?:ba|z|k|c|da)?sh\s+-[a-z]*c\b|\bcmd(?:\.exe)?\s*/[ckr]\b|%comspec%|\bc:[\\/]windows[\\/]system32[\\/]\w+\.exe", "cmd /c dir", "cmd line"),
    s("command/powershell", 5, r"\bp(?:ower|wsh)[a-z]*(?:\.exe)?\s+(?:-\w|/\w|iex|get-|start-|invoke-)|-e(?:nc(?:odedcommand)?)?\s+[a-z0-9+/=]{16,}|\binvoke-(?:webrequest|expression|command|restmethod|item)\b|\biex\s*\(|\bnew-object\s+\S*(?:net|system|io)\.|\bdownloadstring\b|\b(?:get|set|start|stop|remove|add|out|write|copy)-(?:process|service|content|item|childitem|wmiobject|host|file|command|location|acl|date)\b", "powershell -enc a", "power shell"),
    s("command/argument", 5, r"^\s*--?(?:upload-pack|receive-pack|exec|eval|use-askpass|output-document|checkpoint-action|post-file|rsh|extcmd|o?proxycommand|exec-path|open-files-in-pager|config)\b\s*[= ]", "--upload-pack=touch a", "--page=1").hard(),
    s("command/substitution", 3, r"\$\(\s*[a-z/.'\x22\\{$<(]|`[^`\n]+`|[<>]\(\s*[a-z/]", "$(id)", "$ (a)"),
    s("command/expansion", 3, r"\$\{[a-z_@*!#?]\w*(?:[:#%/^,@]|\[)|\$[@*!$]|\$'\\|\$\{[!#@*?-]|\$\w+\s*\$\w+|\w\$[u@*]\w?|\w\$\(\)\w|\$\[|\$\(\(", "${x:0:1}", "${name}"),
    s("command/shellshock", 5, r"\(\)\s*\{\s*(?::|_|[a-z])", "() { :;}; a", "a() {}").hard(),
    s("command/redirect", 4, r"[12&]?>{1,2}\s*/(?:dev|tmp|var|etc|home|root)|2>&1|<<<\s*['\x22$\w]|>\s*/dev/null|[|&]{2}\s*exit\b", "ls 2>&1", "a > b"),
    s("command/program-path", 5, r"(?:^|[\s=;|&`\x22'(,!])(?:\.\./)*/?(?:usr/)?(?:local/)?s?bin/[\w\[?*$'\x22\\]", "/usr/bin/id", "cgi-bin").only(Places::NotPath),
    s("command/batch", 5, r"\bif\s+(?:/i\s+)?(?:not\s+)?(?:exist|defined|errorlevel|cmdextversion)\s|\bif\s*(?:/i\s+)?(?:not\s+)?\S{1,20}\s*(?:\b(?:equ|neq|lss|leq|gtr|geq)\b|==)\s*\S", "if not exist a", "if it were"),
    s("command/batch-loop", 5, r"\bfor\s+(?:/[fdlr]\s+)?[^%]{0,48}%{1,2}\w{0,10}\s+in\s*\(", "for /f %a in (b", "for 5% off in (a").hard(),
    s("command/windows-variable", 3, r"%(?:windir|systemroot|os|path|temp|tmp|appdata|userprofile|username|computername|systemdrive|programfiles|homepath)(?::[^%]{1,12})?%|\$env:\w+", "%temp%", "100%temp"),
    s("command/call", 5, r"\b(?:system|exec|passthru|popen|shell_exec|proc_open|execl[pe]?|execv[pe]?|spawn)\s*\(\s*['\x22$`]", "system('a", "system (a)"),
    s("command/leading-separator", 2, r"^\s*(?:;|\|\|?|&&?)\s*[a-z]{2,}", "; id", "a; b").hard(),
    s("command/history", 4, r"(?:^|[\s;=\x22'])!(?:-?\d+|!)(?:\s|$|[;|&\x22'])|\bhistory\s*\|", "!-1", "wow!!1"),
    // Templates.
    s("ssti/arithmetic", 5, r"(?:\{\{|[$#*@%~]\{|<%=?|\{%=?|\[\[|\{@|\[=|\{=)\s*['\x22]?\d+['\x22]?\s*[*+/-]\s*['\x22]?\d+", "{{7*7}}", "{7}"),
    s("ssti/code-block", 5, r"@\(\s*['\x22]?\d+['\x22]?\s*[*+/-]\s*['\x22]?\d+['\x22]?\s*\)", "@(1+2)", "a@(1)"),
    s("ssti/internals", 5, r"\.(?:__)?class(?:__)?\.(?:__)?(?:mro|base)|\bos\.(?:system|popen)\s*\(|__(?:class|mro|globals|subclasses|builtins|init|base|bases|dict|getattribute|import|reduce|self)__|\b_self\.|\battr\s*\(\s*['\x22]|\|\s*attr\b", "''.__class__", "class__a"),
    s("ssti/object", 5, r"\{[{%][^}]*\b(?:config|self|request|lipsum|cycler|joiner|namespace|url_for|get_flashed_messages|application|settings|session|handler|_context|dump|app|env)\b\s*[.\[|(}]", "{{config.items()}}", "{{name}}"),
    s("ssti/java", 5, r"\bT\s*\(\s*(?:java|org|com)|freemarker\.template|\?new\s*\(\)|\.getclass\s*\(|<#(?:assign|include|import|list|if)\b|__\$\{|\$\{[^}]*(?:\.class\b|runtime|getclass|session|applicationscope|param\b)|\[#assign", "${x.class", "a class"),
    s("ssti/constructor", 5, r"\bconstructor\s*(?:\.|\[|\()\s*['\x22]?\s*(?:constructor|prototype|['\x22]|from|return)|\{\{[^}]*\bconstructor\b|\$on\.constructor|\[['\x22]constructor['\x22]\]", "{{x.constructor", "the constructor"),
    s("ssti/server-include", 5, r"<!--\s*#\s*(?:exec|include|echo|config|printenv|set|if|fsize|flastmod)\b|</?esi:\w+", "<!--#exec cmd", "<!-- # a"),
    s("ssti/directive", 5, r"#(?:set|foreach|parse|evaluate|include|macro)\s*\(\s*['\x22$]|\$class\.inspect|\{php\}|\{/?literal\}|\{\$smarty|\{system\b|\{%\s*(?:import|include|extends|debug|macro|load|set|for)\b[^%]*(?:%\}|['\x22(])|@\{|\{#[^}]*\}", "#set($a=1)", "#set of"),
    s("ssti/filter", 5, r"\|\s*(?:map|filter|sort|reduce|safe|raw|upper)\s*\(\s*['\x22](?:system|exec|passthru|assert|phpinfo)|registerundefinedfiltercallback|\.popen\s*\(|\[['\x22]?(?:map|filter)['\x22]?\]", "|map('system')", "|map(a)"),
    s("ssti/embedded", 4, r"<%[=@!]?\s*[\w.`'\x22(]+|\{@\w+\s", "<%= system(1) %>", "5 <7 % 6"),
    s("ssti/call", 4, r"(?:\{\{|[$#*@]\{|<%=)[^}]*[a-z_]\w*\s*\(", "{{x.y(1)}}", "{{x}} (y)"),
    s("ssti/opening", 1, r"\{\{|[$#*]\{|<%|\{%", "{{a", "{a"),
    // Look-ups of a logger.
    s("jndi/lookup", 5, r"\$\{\s*jndi\s*:|\bjndi\s*:\s*(?:ldaps?|rmi|dns|iiop|corba|nis|nds|https?)\s*:", "${jndi:ldap://a", "a jndi: b").hard(),
    s("jndi/nested", 5, r"\$\{[^}]*\$\{(?:[^}]{0,12}:|::)", "${${lower:j}ndi", "${a}${b}").hard(),
    s("jndi/lookup-word", 4, r"\$\{(?:lower|upper|env|sys|ctx|java|main|map|date|base64|bundle|log4j|k8s|docker|web|spring)\s*:", "${env:HOME}", "${env}"),
    // Code.
    s("code/php-tag", 5, r"<\?(?:php|=|\s*\$|\s*(?:system|eval|echo|exec))|\[php\]|[\[{][\\/]php[\]}]", "<?php a", "<?xml a"),
    s("code/php-variable", 5, r"\$_(?:get|post|request|cookie|server|session|files|env)\b|\$\{?globals\b|\$\w{1,20}\s*=\s*[^=].*;|\$\w{1,20}\s*\(\s*\$|\$\{\s*['\x22]?_", "$_GET[a]", "$get"),
    s("code/php-call", 5, r"\b(?:call_user_func(?:_array)?|create_function|passthru|shell_exec|proc_(?:open|nice|terminate)|pcntl_\w+|posix_\w+|assert_options|base64_(?:en|de)code|gz(?:inflate|uncompress|decode|compress|open|file|encode|read|write)|bz(?:decompress|compress|open|read)|str_(?:rot13|replace|repeat)|strrev|strip_tags|file_(?:get|put)_contents|file_exists|filemtime|fileperms|fputcsv|readfile|readdir|scandir|opendir|phpinfo|phpversion|php_(?:uname|sapi_name)|unserialize|preg_(?:replace|match|grep|quote|split)\w*|array_\w+|ob_\w+|p?fsockopen|move_uploaded_file|highlight_(?:file|string)|show_source|curl_\w+|get_defined_\w+|func_get_args?|is_(?:array|callable|file|dir|object|readable|writable|uploaded_file|a|link|executable)|print_r|var_(?:dump|export)|getenv|putenv|ini_\w+|set_include_path|mb_\w+|openssl_\w+|json_(?:en|de)code|session_\w+|mysqli?_\w+|apache_\w+|error_log|error_reporting|ftp_\w+|pack|iptcembed|parse_ini_file|simplexml_load_\w+|register_\w+_function|spl_autoload\w*|iterator_apply|usort|uksort|u?asort|extract|parse_str|readgzfile|symlink|tempnam|tmpfile|fwrite|fopen|fread|fgets|fputs|touch|unlink|rmdir|mkdir|chgrp|chmod|chown)\s*(?:/\*.*\*/|\s)*\(", "base64_decode (a", "encode_base (a"),
    s("code/generic-call", 3, r"\b(?:exec|eval|system|assert|chr|file|substr|unpack|printf|sprintf|intval|print|echo|require|include(?:_once)?|require_once|import|compile|open|load|unescape|execute|invoke|function|md5|die|exit|sleep|popen|join|copy|rename|filegroup|fileowner|date|is_int|glob|stat)\s*(?:/\*.*\*/|\s)*\(\s*['\x22$\w)(]", "eval('a", "file of a"),
    s("code/run-call", 3, r"\b(?:eval|exec|system|assert|popen|passthru)\s*(?:/\*[^*]*\*/|[#\s]){0,4}\(\s*(?:['\x22$`]|\w{2,}\s*[(),.])", "eval('a", "exec (a short course)"),
    s("code/call-text", 5, r"['\x22(]\s*(?:system|exec|passthru|assert|shell_exec|popen|eval|phpinfo)\s*['\x22]?\s*\)\s*\(", "('system')('id')", "(system) a"),
    s("code/serialised", 5, r"\brO0AB|\baced0005|\bAAEAAAD|(?-i:\b[OCa]:\d{1,6}:(?:\x22|\+?\{))|\bgASV|!!(?:python|javax|com)[./]|!ruby/|_\$\$nd_func\$\$_|\b__js_function\b|\$\{\s*T\b|H4sIA{3,}|XyQkTkRfRlVOQyQkX|(?-i:[aOCs]:\d+:[{\x22]{1}.*[is]:\d)", "O:8:\"A\":0:{}", "o:8:30").hard(),
    s("code/java", 5, r"\bjavax?\.(?:lang|io|util|net|script|naming|beans|rmi|nio|sql|servlet)\b|\bgetruntime\s*\(|\bprocess(?:builder|impl)\b|\bclass\.module\b|\bclass\.?loader\b|\bclassloader\b|\bxmldecoder\b|\bcom\.(?:sun|opensymphony|caucho|thoughtworks|mchange|rometools)\.|\borg\.(?:apache|springframework|jboss|codehaus|hibernate|mozilla|omg|python|yaml)\.|\bscriptengine|\bmethodinvoker|\btransformer\b.*\binvoke", "java.lang.Runtime", "java.language"),
    s("code/expression", 5, r"#_?memberaccess|@java|\bognl\b|#(?:context|parameters|request|session|_|application|attr)\b\s*[.\[=]|%\{\s*[#(@]|@\w+(?:\.\w+)+@|\bxwork\b|#\w{1,12}\s*=\s*[(@#]|\(#\w", "%{(#a=1)", "#hash tag"),
    s("code/node", 5, r"\bchild_process\b|\brequire\s*\(\s*['\x22`\w]|\brequire\s*[.\[]|\bmodule\s*\.\s*exports\b|\bprocess\s*(?:\.\s*(?:env|binding|mainmodule|exit|spawn|kill|argv|cwd|version)|\[)|\bglobal\s*\.\s*process|\bthis\s*\.\s*constructor\b|\bnew\s+function\s*\(|\bconstructor\s*(?:\.\s*prototype|\[\s*['\x22]prototype)|\bconsole\s*(?:\.\s*(?:log|info|warn|error|debug|dir)|\[\s*['\x22])|\bfunction\s*\(\s*\)\s*\{|=>\s*\{|\bspawnsync\b|\bexecsync\b|\bfs\s*\.\s*\w+sync|\bimport\s*\(|string\s*\.\s*fromcharcode", "require('fs')", "we require a"),
    s("code/prototype", 5, r"(?:^|[.\[])__proto__\b|\bconstructor[\].\[]+prototype\b", "__proto__", "a__proto").hard(),
    s("code/python", 5, r"\b__import__\s*\(|\bos\.(?:system|popen|exec|spawn)\w*\s*\(|\bsubprocess\.\w|\bpickle\.loads?|\bgetattr\s*\(\s*__|\bbuiltins\b\s*[.\[]|\bplatform\.\w+\s*\(|\bsocket\.socket\b", "os.system('a", "an os system"),
    s("code/script-host", 5, r"\bkernel\.(?:open|exec|system|spawn|eval)|\bio\.popen|%x[\[({]|\bfile\.(?:read|open|write)\s*\(|\bopen3\b|\bos\.execute\b|\bwscript\.shell|\bcreateobject\s*\(|\bresponse\.write\b|\bserver\.(?:execute|mappath)|<jsp:|<%@|\b(?:ruby|perl)\s+-e\b|\bopen\s*\(\s*['\x22]?\s*\|", "io.popen('a", "file read"),
    s("code/setting", 5, r"\ballow_url_include\b|\bauto_(?:prepend|append)_file\b|\bdisable_functions\b|\bopen_basedir\b|\bphp://(?:input|filter|stdin|memory|temp|fd)", "allow_url_include=1", "allow the url"),
    s("code/cookie-class", 3, r"\bnew\s+[a-z]\w+(?:\.\w+)+\s*\(|\bclass\.\w+\.\w+", "class.a.b", "first class"),
    // Databases without SQL.
    s("nosql/script-break", 5, r#"(?:['"];|\|\||&&)\s*(?:return\b|sleep\s*\(|var\s+\w+\s*=|do\s*\{|if\s*\(|this\.|while\s*\(|db\.)|\breturn\s+this\.|['"]\s*;\s*return\b"#, "'; return true", "a || b"),
    s("nosql/logic", 5, r#"(?:^|['"\d\s])(?:\|\||&&)\s*['"]?\w{0,16}['"]?\s*={2,3}\s*['"]?[\w'"]|;\s*return\s+(?:true|false|['"\d!])"#, "|| 1==1", "a || b"),
    s("nosql/this", 5, r"\bthis\.\w+\s*(?:={2,3}|!==?|\.match|\.length|\.constructor|\[)|\bdb\.(?:\w+\.)?(?:find|drop|insert|update|remove|getcollection|eval)\w*\s*\(|\bmapreduce\b|\btojson\w*\(", "this.a == b", "this.is"),
    s("nosql/where", 5, r"\$where\b", "$where", "where$").hard(),
    s("nosql/operator-text", 5, r#"[{,]\s*['"]?\$(?:ne|gte?|lte?|n?in|regex|exists|or|and|not|expr|nor|eq|all|func|accumulator|comment|elemmatch|type|mod|size)['"]?\s*:|\[\$(?:ne|gte?|lte?|n?in|regex|exists|or|and|not|expr|nor|eq|all|where)\]"#, "{\"$ne\":1}", "{ne: 1}"),
    s("nosql/cache-command", 5, r"[\r\n](?:flushall|set\s\S+\s|config\s+set|eval\s|slaveof|save|keys\s|module\s+load|get\s\S+|delete\s\S+|stats|quit)\b[\s\S]*[\r\n]", "a\r\nFLUSHALL\r\n", "set a").hard(),
    s("nosql/script-value", 3, r"\bfunction\s*\(\s*\w*\s*\)\s*\{|\bsleep\s*\(\s*\d{3,}\s*\)|\bnew\s+date\s*\(\)", "function(x){", "function (a)"),
    // Documents with entities.
    s("xxe/entity", 5, r"<!\s*entity\b", "<!ENTITY a", "entity <!").hard().only(Places::Xml),
    s("xxe/subset", 5, r"<!doctype\s[^>]*(?:\[|\bsystem\b)", "<!DOCTYPE a SYSTEM", "<!DOCTYPE a PUBLIC").only(Places::Xml),
    s("xxe/include", 5, r"<xi:include|www\.w3\.org/2001/xinclude", "<xi:include a", "xi include").hard().only(Places::Xml),
    s("xxe/stylesheet", 4, r"<\?xml-stylesheet|xsl:value-of|document\('", "<?xml-stylesheet", "stylesheet").only(Places::Xml),
    s("xxe/transformation", 5, r"<xsl:(?:stylesheet|transform|value-of|variable|copy-of|template|include|import)\b", "<xsl:value-of", "xsl: a").only(Places::Xml),
    s("xxe/schema-location", 5, r"\bxsi:(?:nonamespace)?schemalocation\s*=", "<a xsi:schemaLocation=", "a schema location"),
    // Lines of a protocol.
    s("crlf/header", 5, r"[\r\n]+\s*(?:set-cookie2?|location|content-(?:type|length|disposition|security-policy)|refresh|host|x-[a-z][\w-]{1,30}|transfer-encoding|access-control-[\w-]+|cookie|connection|last-modified|status)\s*:", "a\r\nSet-Cookie: b", "a Location: b").only(Places::NotBody),
    s("crlf/answer", 5, r"[\r\n]+\s*http/[\d.]+\s+\d{3}|[\r\n]{2,}\s*<(?:html|script|body)", "\r\nHTTP/1.1 200", "HTTP/1.1").only(Places::NotBody),
    s("crlf/mail", 5, r"[\r\n]+\s*(?:b?cc|reply-to|mime-version|from|to|subject)\s*:\s*\S+@|[\r\n]+\s*(?:bcc|mime-version)\s*:|[\r\n]+\s*(?:mail from|rcpt to|v?\d{2,4} (?:fetch|capability|select|create|delete|list|rename)|data|quit)\b\s*(?::|<|\S|[\r\n]|$)", "a\r\nBcc: b@c", "a to: b"),
    s("crlf/in-body", 5, r"[\r\n]+\s*set-cookie\s*:\s*\w+=|[\r\n]+(?:get|post|put|delete|head|options)\s+/\S*\s+http/1", "a\nGET / HTTP/1.1", "a GET /").only(Places::Body),
    s("crlf/wide", 5, r"\xe5\x98\x8a|\xe5\x98\x8d", "嘊嘍a", "哈").hard().only(Places::NotBody),
    // Directories.
    s("ldap/filter-behind-value", 5, r"^[^(]{1,24}\(+[|&!]\(+[a-z]\w*[=~<>]", "*(|(mail=*))", "(|(a=b)"),
    s("ldap/password-attribute", 5, r"\((?:user|unicode)?(?:password|pwd)\s*(?::[\d.]*:)?[~<>]?=", "(userPassword=a*)", "(cn=password)"),
    s("ldap/filter-break", 5, r"^[^(].*\)\s*\(+\s*[|&!]?\s*\(*[a-z][\w-]*\s*[~<>]?=\*|^[^(].*\)\s*\([&|!]\s*\)?$|^[^(]*[*)]\)+\x00|^[^(]*\*\(\)[|&]", "a*)(uid=*", "(a=b)(c=*)"),
    // Requests of the server.
    s("ssrf/metadata", 5, r"169\.254\.169\.254|169\.254\.170\.2|metadata\.google\.internal|100\.100\.100\.200|fd00:ec2::254|\binstance-data\b|latest/(?:meta-data|user-data|dynamic)|computemetadata/v1|metadata/(?:instance|v1)", "http://169.254.169.254/", "169.254.1.1").hard(),
    s("ssrf/odd-address", 5, r"//(?:[^/?#@\s]*@)?(?:0x[0-9a-f]{2,8}\b|0[0-7]{1,4}\.|\d{8,10}(?:[:/?#]|$)|127\.\d{1,3}(?:\.\d{1,3})?(?:[:/?#]|$)|\[::(?:ffff:)?[\w.:]+\]|\[0{0,4}:+1?\]|(?:0x[0-9a-f]+\.){1,3}|1{3}\.|[\w.-]+\.(?:nip|sslip|xip)\.io)|\b(?:localtest\.me|lvh\.me)\b", "http://2130706433/", "http://10.0.0.1/").hard(),
    s("ssrf/scheme", 5, r"(?:^|[=\s\x22'])(?:gopher|dict|ldaps?|tftp|netdoc|jar:https?|rmi|smb|imap|pop3|telnet|ssh|sftp|mailto:.*%0)s?:/{1,2}", "gopher://a", "go gopher").hard(),
    s("ssrf/inner-host", 4, r"(?:^|[=\s\x22'(])(?:https?|ftp|ws)://(?:[^/?#@\s]*@)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(?:1[6-9]|2\d|3[01])\.\d+\.\d+|\[::1?\]|[\w-]+\.(?:internal|local|localdomain|intranet|corp))(?:[:/?#]|$)", "http://localhost:22", "http://a.example/"),
    s("ssrf/scheme-alone", 5, r"^[\s\x22']*(?:https?|ftp):/?(?:localhost|127\.|0\.0\.0\.0|10\.\d+\.|192\.168\.|169\.254\.)", "http:127.0.0.1", "http: 127"),
    s("ssrf/host-of-containers", 5, r"\b(?:host|gateway|kubernetes)\.(?:docker|containers)\.internal\b|\bkubernetes\.default(?:\.svc)?\b|\bmetadata\.(?:packet|platformequinix|tencentyun|nicvibe)\b|\b(?:ip6|ipv6)-(?:localhost|loopback)\b|\blocalhost[46]?\.localdomain[46]?\b", "host.docker.internal/", "the docker host"),
    s("ssrf/host-alone", 4, r"^(?:localhost\d?|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?::\d{1,5})?/", "localhost/", "localhost"),
    s("ssrf/call-back", 4, r"\b[\w.-]+\.(?:oast\.\w+|oastify\.com|burpcollaborator\.net|interact\.sh|dnslog\.cn|requestbin\.\w+|ngrok\.io|canarytokens\.com)\b", "a.oast.fun", "oast"),
    s("ssrf/credentials", 2, r"^(?:https?|ftp)://[^/?#\s]+@[^/?#\s]", "http://a@b/", "mailto:a@b"),
    s("ssrf/bare-address", 4, r"^[\s\x22']*(?:https?|ftps?)://\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d+)?(?:[/?]|$)", "http://203.0.113.9/a", "203.0.113.9"),
    s("ssrf/remote-script", 4, r"^[\s\x22']*(?:https?|ftps?)://\S+(?:\.(?:txt|php\d?|inc|gif|jpg|asp|jsp)\?{0,2}|\?{1,2})$", "http://a/b.php?", "http://a/b?c=1"),
];

/// What functions see that expressions cannot: `super::read`.
pub(super) const READ: &[(&str, u8, bool)] = &[
    ("sqli/unbalanced", 2, false),
    ("sqli/same-sides", 3, false),
    ("xss/handler", 5, false),
    ("xss/attribute-break", 5, false),
    ("path/above-root", 5, false),
    ("path/climbs", 5, false),
    ("path/climbs-twice", 4, false),
    ("path/climbs-once", 2, false),
    ("path/overlong", 5, true),
    ("path/encoded-climb", 3, false),
    ("command/program", 5, false),
    ("command/program-word", 3, false),
    ("command/hidden-spelling", 5, true),
    ("command/first-word", 4, false),
    ("ssti/many-openings", 5, false),
    ("command/named-so", 5, false),
    ("nosql/operator-name", 5, true),
    ("nosql/operator-in-filter", 2, false),
    ("xxe/foreign-type", 5, false),
    ("ldap/closes-first", 5, false),
    ("crlf/overlong", 5, true),
];
