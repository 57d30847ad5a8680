//! Names of fields that promise a secret.

use super::words::{ENDS, HARMLESS, NAMES, PARENTS, PARTS, VALUE_MEMBERS};
use crate::normalize::alias::fold;

/// Whether a field name of this dotted path promises a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let mut parts = name.rsplit('.');
    let last = parts.next().is_some_and(|part| is_secret_word(&fold(part)));
    let holds_value = VALUE_MEMBERS.iter().any(|known| name.ends_with(known));
    let mut parent = |part: &str| {
        let part = fold(part);
        PARENTS.contains(&part.as_str()) || (holds_value && is_secret_word(&part))
    };
    last || NAMES.contains(&name) || parts.any(&mut parent)
}

/// The same for one name, folded.
pub(super) fn is_secret_word(word: &str) -> bool {
    if NAMES.contains(&word) {
        return true;
    }
    if HARMLESS.iter().any(|ending| word.ends_with(ending)) && !word.ends_with("sessid")
        || word.starts_with("public")
    {
        return false;
    }
    PARTS.iter().any(|part| word.contains(part)) || ENDS.iter().any(|end| word.ends_with(end))
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
            "AWS_SECRET_ACCESS_KEY",
            "request_Cookie",
            "requestHeaderCookie",
            "downstream_Set-Cookie",
            "JSESSIONID",
            "PHPSESSID",
            "Proxy-Authorization",
            "spring.datasource.password",
            "headers.cookie.sid",
            "fields.token.value",
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
            "cookie_policy",
            "compass",
            "bypass",
            "authorization_error",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
