//! The processes that belong to a gateway.

use std::collections::BTreeSet;
use std::fs;

/// A process: its number, its parent's, and its group's.
type Process = [u32; 3];

fn processes() -> Vec<Process> {
    let process = |entry: fs::DirEntry| {
        let number: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // `number (name) state parent group …`, where the name may be anything (`proc_pid_stat(5)`).
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(1).map(str::parse);
        Some([number, fields.next()?.ok()?, fields.next()?.ok()?])
    };
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(process).collect()
}

/// The processes of a group and all that descend from them, by their numbers. A program may have its workers in groups of their own.
pub(super) fn of(group: u32) -> BTreeSet<u32> {
    family(group, &processes())
}

/// The children of a process, by their numbers; none where the system does not tell.
pub(super) fn children(parent: Option<u32>) -> Vec<u32> {
    let is_child = |[_, of, _]: &Process| Some(*of) == parent;
    processes().into_iter().filter(is_child).map(|[number, ..]| number).collect()
}

fn family(group: u32, processes: &[Process]) -> BTreeSet<u32> {
    let mut family = BTreeSet::from([group]);
    loop {
        let before = family.len();
        let kin = processes.iter().filter(|[_, parent, of]| *of == group || family.contains(parent));
        let kin: Vec<u32> = kin.map(|[number, ..]| *number).collect();
        family.extend(kin);
        if family.len() == before {
            return family;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_children_of_a_process_are_found_by_their_parent() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let found = children(Some(std::process::id()));
        let _ = (child.kill(), child.wait());
        assert!(found.contains(&child.id()), "{found:?}");
        assert_eq!(children(None), [0; 0]);
    }

    #[test]
    fn a_group_s_family_is_its_members_and_all_that_descends_from_them() {
        let processes = [[10, 1, 10], [11, 10, 10], [12, 11, 12], [13, 12, 12], [20, 1, 20], [21, 1, 10]];
        assert_eq!(family(10, &processes), BTreeSet::from([10, 11, 12, 13, 21]));
        assert_eq!(family(30, &processes), BTreeSet::from([30]));
    }
}
