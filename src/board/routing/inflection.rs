//! From an inflected English word to the forms it may be an inflection of. Rules instead of a stemmer, because a stemmer
//! makes "perform" and "performance", or "general" and "generate", one word.

/// The word itself, then the base forms it may come from, most likely first. Some are no words; nothing is looked up here.
pub(super) fn bases(word: &str) -> Vec<String> {
    let mut forms = vec![word.to_owned()];
    let mut add = |form: String| {
        if form.len() > 1 && !forms.contains(&form) {
            forms.push(form);
        }
    };
    if let Some(stem) = word.strip_suffix("ies").or_else(|| word.strip_suffix("ied")) {
        add(format!("{stem}y"));
    }
    if let Some(stem) = word.strip_suffix('s').filter(|stem| !stem.ends_with('s')) {
        add(stem.to_owned());
    }
    if let Some(stem) = word.strip_suffix("es") {
        add(stem.to_owned());
    }
    for suffix in ["ed", "ing"] {
        let Some(stem) = word.strip_suffix(suffix).filter(|stem| stem.len() > 1) else { continue };
        add(stem.to_owned());
        add(format!("{stem}e"));
        add(undoubled(stem).to_owned());
    }
    if let Some(american) = american(&forms) {
        forms.push(american);
    }
    forms
}

/// "plann" → "plan", as in "planning".
fn undoubled(stem: &str) -> &str {
    let mut last = stem.chars().rev();
    match (last.next(), last.next()) {
        (Some(one), Some(two)) if one == two && one.is_ascii_lowercase() => &stem[..stem.len() - 1],
        _ => stem,
    }
}

/// The American spelling of a British verb in -ise: cues are written with z.
fn american(forms: &[String]) -> Option<String> {
    forms
        .iter()
        .find_map(|form| form.strip_suffix("ise").filter(|stem| stem.len() > 3).map(|stem| format!("{stem}ize")))
}

#[cfg(test)]
mod tests {
    use super::bases;

    #[test]
    fn an_inflection_leads_to_its_base() {
        for (word, base) in [
            ("reviews", "review"),
            ("reviewing", "review"),
            ("planning", "plan"),
            ("planned", "plan"),
            ("caches", "cache"),
            ("cached", "cache"),
            ("caching", "cache"),
            ("strategies", "strategy"),
            ("verified", "verify"),
            ("optimising", "optimize"),
            ("fixes", "fix"),
            ("utilities", "utility"),
        ] {
            assert!(bases(word).iter().any(|form| form == base), "{word} → {:?}", bases(word));
        }
    }

    #[test]
    fn different_words_stay_different() {
        assert!(!bases("performance").iter().any(|form| form == "perform"));
        assert!(!bases("platform").iter().any(|form| form == "form"));
        assert!(!bases("class").iter().any(|form| form == "clas"));
    }
}
