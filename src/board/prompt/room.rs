//! Sharing the bytes that a prompt has left among the texts that want in.

/// What each of the texts of these lengths may take, in the same order: all of it where it fits, else an equal share, so
/// that no candidate is shown shorter because another one is long.
pub(super) fn shares(lengths: &[usize], room: usize) -> Vec<usize> {
    let mut by_length: Vec<usize> = (0..lengths.len()).collect();
    by_length.sort_by_key(|index| lengths[*index]);
    let mut shares = vec![0; lengths.len()];
    let mut left = room;
    for (done, index) in by_length.into_iter().enumerate() {
        let share = lengths[index].min(left / (lengths.len() - done));
        shares[index] = share;
        left -= share;
    }
    shares
}
