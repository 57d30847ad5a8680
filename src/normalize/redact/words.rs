//! What secrets are called: the lists, in one place. `fields` of `[redaction]` adds to the names.
//!
//! All of them in lower case and without separators, as names are compared.

/// Names of secrets.
pub(super) const NAMES: [&str; 92] = [
    "password",
    "passwd",
    "pwd",
    "pass",
    "passphrase",
    "passcode",
    "secret",
    "secrets",
    "token",
    "authorization",
    "cookie",
    "cookies",
    "apikey",
    "privatekey",
    "otp",
    "totp",
    "pin",
    "cvv",
    "cvc",
    "ssn",
    "cardnumber",
    "creditcard",
    "jwt",
    "bearer",
    "credentials",
    "connectionstring",
    "dsn",
    "accesskey",
    "accountkey",
    "sharedkey",
    "masterkey",
    "session",
    "sessionkey",
    "jsessionid",
    "phpsessid",
    "aspsessionid",
    "sessid",
    "connect.sid",
    "csrf",
    "xsrf",
    "mnemonic",
    "recoverycode",
    "recoverycodes",
    "backupcode",
    "backupcodes",
    "secretstring",
    "secretbinary",
    "secretvalue",
    "securityanswer",
    "secretid",
    "clientassertion",
    "idtokenhint",
    "requirepass",
    "xamzcredential",
    "amzcredential",
    "pw",
    "psk",
    "masterauth",
    "securitycode",
    "otpcode",
    "totpcode",
    "mfacode",
    "2facode",
    "smscode",
    "verificationcode",
    "onetimecode",
    "authcode",
    "authorizationcode",
    "codeverifier",
    "samlresponse",
    "samlassertion",
    "snmpcommunity",
    "rocommunity",
    "rwcommunity",
    "netsessionid",
    "dockerconfigjson",
    "dockercfg",
    "clientkey",
    "clientkeydata",
    "tlskey",
    "sslkey",
    "hmackey",
    "unsealkey",
    "seedphrase",
    "recoveryphrase",
    "nthash",
    "ntlmhash",
    "lmhash",
    "laravelsession",
    "ticketgrantingticket",
    "fastlykey",
    "ddapplicationkey",
];

/// How longer names of secrets end, whatever stands before: `request_Cookie`, `db-passwd`.
pub(super) const ENDS: [&str; 32] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "cookie",
    "cookies",
    "authorization",
    "sessid",
    "jwt",
    "credentials",
    "dbpass",
    "userpass",
    "mailpass",
    "smtppass",
    "adminpass",
    "rootpass",
    "ldappass",
    "redispass",
    "bindpass",
    "sharedkey",
    "licensekey",
    "serverkey",
    "storagekey",
    "hmackey",
    "userpwd",
    "subscriptionkey",
    "accesskey",
    "authkey",
    "functionskey",
    "aeskey",
    "passkey",
];

/// Words that make a name one of a secret where they stand at its end, set apart by a sign or a capital: `ftp_pass`,
/// `unicodePwd`, and not `compass`.
pub(super) const LAST_WORDS: [&str; 6] = ["pass", "pwd", "pw", "psk", "pin", "otp"];

/// Names that many other things have, too: what is assigned to them is a secret if it looks like a key.
pub(super) const WEAK_NAMES: [&str; 23] = [
    "auth",
    "credential",
    "assertion",
    "appkey",
    "basicauth",
    "sid",
    "sessionstate",
    "routingkey",
    "integrationkey",
    "servicekey",
    "writekey",
    "ingestkey",
    "ingestionkey",
    "userkey",
    "devicekey",
    "consumerkey",
    "oobcode",
    "resetcode",
    "invitecode",
    "activationcode",
    "confirmationcode",
    "logincode",
    "devicecode",
];

/// How longer ones end: `webSessionId`, `user_password_hash`.
pub(super) const WEAK_ENDS: [&str; 4] = ["sessionid", "passwordhash", "passwdhash", "pwdhash"];

/// Words before `code` that make it one that works once.
pub(super) const CODES: [&str; 20] = [
    "otp",
    "totp",
    "2fa",
    "mfa",
    "verification",
    "security",
    "confirmation",
    "one-time",
    "onetime",
    "two-factor",
    "sms",
    "passcode",
    "login",
    "pin",
    "recovery",
    "backup",
    "activation",
    "pairing",
    "access",
    "device",
];

/// What longer names of secrets hold, unless they end in one of [`HARMLESS`].
pub(super) const PARTS: [&str; 14] = [
    "password",
    "passwd",
    "secretkey",
    "clientsecret",
    "apikey",
    "privatekey",
    "accesstoken",
    "refreshtoken",
    "signingkey",
    "encryptionkey",
    "secretaccess",
    "sharedaccesskey",
    "accountkey",
    "wordpressloggedin",
];

/// Endings of names that are about a secret without being one.
pub(super) const HARMLESS: [&str; 44] = [
    "name",
    "id",
    "ids",
    "type",
    "count",
    "policy",
    "hash",
    "enabled",
    "required",
    "expires",
    "expiry",
    "expired",
    "expiresin",
    "expiresat",
    "length",
    "changed",
    "changedat",
    "attempts",
    "age",
    "url",
    "uri",
    "path",
    "status",
    "valid",
    "limit",
    "usage",
    "method",
    "version",
    "field",
    "error",
    "rotation",
    "strength",
    "lastset",
    "days",
    "elevatedtoken",
    "score",
    "algorithm",
    "scheme",
    "encoder",
    "manager",
    "provider",
    "file",
    "reset",
    "format",
];

/// Parents below which every value is a secret.
pub(super) const PARENTS: [&str; 8] = [
    "password",
    "credentials",
    "secrets",
    "cookies",
    "cookie",
    "authorization",
    "recoverycodes",
    "backupcodes",
];

/// Words that stand after a name of a secret and are none.
pub(super) const HARMLESS_VALUES: [&str; 30] = [
    "true",
    "false",
    "none",
    "null",
    "nil",
    "undefined",
    "required",
    "invalid",
    "expired",
    "missing",
    "empty",
    "failed",
    "failure",
    "success",
    "ok",
    "error",
    "valid",
    "accepted",
    "rejected",
    "denied",
    "disabled",
    "enabled",
    "redacted",
    "hidden",
    "masked",
    "unknown",
    "not",
    "changed",
    "revoked",
    "string",
];

/// Members of an object that name what another member holds.
pub(super) const KEY_MEMBERS: [&str; 10] =
    ["key", "name", "k", "header", "field", "param", "parameter", "label", "attribute", "option"];

/// How longer ones end: `ParameterKey`, `option_name`.
pub(super) const KEY_MEMBER_ENDS: [&str; 2] = ["key", "name"];

/// Members that hold what is named by such a one.
pub(super) const VALUE_MEMBERS: [&str; 5] = ["value", "val", "v", "values", "content"];

/// Members of a secret that hold it: `{"token": {"raw": ...}}`.
pub(super) const HOLDERS: [&str; 5] = ["raw", "plain", "plaintext", "cleartext", "data"];

/// Names of parameters of a URL that are too common elsewhere.
pub(super) const QUERY_NAMES: [&str; 6] = ["key", "sig", "signature", "code", "auth", "ticket"];

/// Words that are the name of a secret together with the word before them: `license key`, `backup codes`.
pub(super) const SECOND_WORDS: [&str; 8] =
    ["key", "keys", "code", "codes", "answer", "phrase", "string", "pass"];

/// Options that take a secret as their next word, written with one `-`; longer names of secrets do so, too.
pub(super) const OPTIONS: [&str; 8] =
    ["storepass", "keypass", "srcstorepass", "deststorepass", "passin", "passout", "pw", "pass"];

/// How a command takes a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// As the word after the option.
    Next,
    /// In the word of the option itself.
    Joined,
    /// Behind a sign in the word after the option.
    Behind(char),
}

/// Commands (or how a group of them begins), options of one letter, and how these take a secret.
pub(super) const COMMANDS: [(&str, &str, Takes); 60] = [
    ("mysql", "p", Takes::Joined),
    ("mariadb", "p", Takes::Joined),
    ("sshpass", "p", Takes::Joined),
    ("sshpass", "p", Takes::Next),
    ("7z", "p", Takes::Joined),
    ("rar", "p", Takes::Joined),
    ("rar", "hp", Takes::Joined),
    ("unrar", "p", Takes::Joined),
    ("docker login", "p", Takes::Next),
    ("podman login", "p", Takes::Next),
    ("az login", "p", Takes::Next),
    ("oc login", "p", Takes::Next),
    ("helm registry login", "p", Takes::Next),
    ("skopeo login", "p", Takes::Next),
    ("buildah login", "p", Takes::Next),
    ("cf login", "p", Takes::Next),
    ("mongo", "p", Takes::Next),
    ("cqlsh", "p", Takes::Next),
    ("psexec", "p", Takes::Next),
    ("lftp", "u", Takes::Behind(',')),
    ("winrar", "hp", Takes::Joined),
    ("winrar", "p", Takes::Joined),
    ("rdesktop", "p", Takes::Next),
    ("hydra", "p", Takes::Next),
    ("rabbitmqadmin", "p", Takes::Next),
    ("evil-winrm", "p", Takes::Next),
    ("crackmapexec", "p", Takes::Next),
    ("netexec", "p", Takes::Next),
    ("nxc", "p", Takes::Next),
    ("useradd", "p", Takes::Next),
    ("usermod", "p", Takes::Next),
    ("redis-cli", "a", Takes::Next),
    ("http", "a", Takes::Behind(':')),
    ("curl", "b", Takes::Behind('=')),
    ("openssl", "k", Takes::Next),
    ("openssl", "K", Takes::Next),
    ("ldap", "w", Takes::Next),
    ("ldappasswd", "s", Takes::Next),
    ("ldappasswd", "a", Takes::Next),
    ("sqlcmd", "P", Takes::Next),
    ("sqlcmd", "P", Takes::Joined),
    ("bcp", "P", Takes::Next),
    ("bcp", "P", Takes::Joined),
    ("mosquitto_", "P", Takes::Next),
    ("ipmitool", "P", Takes::Next),
    ("racadm", "p", Takes::Next),
    ("slappasswd", "s", Takes::Next),
    ("twine upload", "p", Takes::Next),
    ("dotnet nuget push", "k", Takes::Next),
    ("doctl auth init", "t", Takes::Next),
    ("ssh-keygen", "N", Takes::Next),
    ("ssh-keygen", "P", Takes::Next),
    ("zip", "P", Takes::Next),
    ("unzip", "P", Takes::Next),
    ("snmp", "A", Takes::Next),
    ("snmp", "X", Takes::Next),
    ("snmp", "c", Takes::Next),
    ("smbclient", "U", Takes::Behind('%')),
    ("rpcclient", "U", Takes::Behind('%')),
    ("winexe", "U", Takes::Behind('%')),
];

/// Words between the name of a secret and the secret in a sentence: `password for bob was set to abc`.
pub(super) const TELLING: [&str; 22] = [
    "is",
    "was",
    "are",
    "be",
    "now",
    "set",
    "reset",
    "changed",
    "updated",
    "to",
    "as",
    "has",
    "been",
    "will",
    "generated",
    "created",
    "provided",
    "supplied",
    "entered",
    "received",
    "given",
    "used",
];

/// Those behind which the secret itself may stand.
pub(super) const JOINING: [&str; 6] = ["is", "was", "are", "be", "to", "as"];

/// Functions of SQL and of languages that take a secret as their argument of this number.
pub(super) const FUNCTIONS: [(&str, usize); 22] = [
    ("pgp_sym_encrypt", 1),
    ("pgp_sym_decrypt", 1),
    ("aes_encrypt", 1),
    ("aes_decrypt", 1),
    ("des_encrypt", 1),
    ("des_decrypt", 1),
    ("encrypt", 1),
    ("decrypt", 1),
    ("crypt", 0),
    ("networkcredential", 1),
    ("httpbasicauth", 1),
    ("httpdigestauth", 1),
    ("basicauth", 1),
    ("basic_auth", 1),
    ("setbasicauth", 1),
    ("mysqli_connect", 2),
    ("mysql_connect", 2),
    ("mysqli", 2),
    ("ldap_bind", 2),
    ("ftp_login", 2),
    ("usernamepasswordcredentials", 1),
    ("passwordauthentication", 1),
];

/// What mail calls the ways to log in: `AUTH PLAIN abc`.
pub(super) const MECHANISMS: [&str; 5] = ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER"];

/// Schemes of the header `Authorization`.
pub(super) const SCHEMES: [&str; 12] = [
    "basic",
    "bearer",
    "token",
    "digest",
    "apikey",
    "negotiate",
    "ntlm",
    "key",
    "hmac",
    "aws4-hmac-sha256",
    "ssws",
    "geniekey",
];

/// Words near a number that say it is a payment card, and those that say it is none.
pub(super) const CARD_WORDS: [&str; 11] =
    ["card", "visa", "master", "amex", "maestro", "credit", "debit", "payment", "pan", "cvv", "cc"];
pub(super) const OTHER_NUMBERS: [&str; 30] = [
    "order",
    "invoice",
    "ticket",
    "tracking",
    "ref",
    "reference",
    "id",
    "seq",
    "sequence",
    "trace",
    "span",
    "txn",
    "transaction",
    "serial",
    "imei",
    "shipment",
    "parcel",
    "batch",
    "build",
    "job",
    "offset",
    "bytes",
    "size",
    "count",
    "ts",
    "time",
    "timestamp",
    "epoch",
    "nonce",
    "no",
];

/// Endings of file names and units, which no host has.
pub(super) const NO_DOMAINS: [&str; 25] = [
    "png", "jpg", "jpeg", "gif", "webp", "svg", "css", "js", "mjs", "json", "map", "html", "php", "class",
    "jar", "dll", "exe", "txt", "log", "yml", "yaml", "xml", "service", "socket", "timer",
];

/// Users of an address that is the place of a repository, and of nobody.
pub(super) const NOBODY: [&str; 4] = ["git", "hg", "svn", "gitlab"];
