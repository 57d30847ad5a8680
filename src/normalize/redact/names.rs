//! Names of fields that promise a secret.

use crate::normalize::alias::fold;

/// Whether a field name of this dotted path promises a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let mut parts = name.rsplit('.');
    let last = parts.next().is_some_and(|part| is_secret_word(&fold(part)));
    last || parts
        .any(|part| matches!(fold(part).as_str(), "password" | "credentials" | "secrets" | "cookies"))
}

pub(super) fn is_secret_word(word: &str) -> bool {
    const WORDS: [&str; 32] = [
        "password",
        "passwd",
        "pwd",
        "pass",
        "passphrase",
        "secret",
        "secrets",
        "token",
        "authorization",
        "proxyauthorization",
        "cookie",
        "cookies",
        "setcookie",
        "httpcookie",
        "cscookie",
        "apikey",
        "xapikey",
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
        "credentials",
        "connectionstring",
        "dsn",
        "accesskey",
        "session",
    ];
    /// Endings of names that are about a secret without being one.
    const HARMLESS: [&str; 26] = [
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
    ];
    const PARTS: [&str; 11] = [
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
    ];
    if WORDS.contains(&word) {
        return true;
    }
    if HARMLESS.iter().any(|ending| word.ends_with(ending)) || word.starts_with("public") {
        return false;
    }
    PARTS.iter().any(|part| word.contains(part)) || word.ends_with("token") || word.ends_with("secret")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_names_about_them() {
        for name in [
            "password",
            "Password",
            "user.password",
            "new_password",
            "db_passwd",
            "api_key",
            "X-Api-Key",
            "apiKey",
            "Authorization",
            "http.request.headers.authorization",
            "set-cookie",
            "access_token",
            "reset_token",
            "client_secret",
            "private_key",
            "otp",
            "pin",
            "cvv",
            "password.new",
            "session",
            "AWS_SECRET_ACCESS_KEY_secret",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "token_type",
            "secret_name",
            "api_key_id",
            "public_key",
            "keyword",
            "monkey",
            "password_changed",
            "max_tokens",
            "token_count",
            "session_id",
            "auth_method",
            "passenger",
            "spin",
            "author",
            "password_policy",
            "tokens",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
