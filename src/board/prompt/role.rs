//! The text of each shipped role. Which roles there are and who takes them is catalog data.

use super::super::id::Role;

/// The shipped roles with their texts.
const SHIPPED: [(&str, &str); 12] = [
    ("planner", include_str!("roles/planner.md")),
    ("architect", include_str!("roles/architect.md")),
    ("implementer", include_str!("roles/implementer.md")),
    ("executor", include_str!("roles/executor.md")),
    ("reviewer", include_str!("roles/reviewer.md")),
    ("security", include_str!("roles/security.md")),
    ("critic", include_str!("roles/critic.md")),
    ("researcher", include_str!("roles/researcher.md")),
    ("optimizer", include_str!("roles/optimizer.md")),
    ("tester", include_str!("roles/tester.md")),
    ("documenter", include_str!("roles/documenter.md")),
    ("chair", include_str!("roles/chair.md")),
];

/// What a role of somebody's own is told when its settings hold no text for it.
const PLAIN: &str = "Do the task below carefully. Rest every statement on the material, say what you assumed, and say what \
                     remains open.";

/// The names of the shipped roles.
pub fn shipped_roles() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

/// The text of a role: the shipped one, or a plain one for a role that has none.
pub(super) fn template(role: &Role) -> &'static str {
    SHIPPED.iter().find(|(name, _)| *name == role.as_str()).map_or(PLAIN, |(_, text)| text.trim_end())
}
