//! Cycles of a graph: its strongly connected components with more than one node.

use std::collections::{BTreeMap, BTreeSet};

/// Successors of each node.
pub(super) type Graph = BTreeMap<String, BTreeSet<String>>;

/// Returns the cycles, each with its nodes in order.
pub(super) fn cycles(graph: &Graph) -> Vec<Vec<&str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        graph.keys().map(|node| (node.as_str(), reach(graph, node))).collect();
    let mut cycles = BTreeSet::new();
    for (&node, others) in &reached {
        let cycle: Vec<&str> =
            others.iter().copied().filter(|other| reached[other].contains(node)).collect();
        if cycle.len() > 1 {
            cycles.insert(cycle);
        }
    }
    cycles.into_iter().collect()
}

/// Returns the nodes that are reachable from `start` in one or more steps.
fn reach<'a>(graph: &'a Graph, start: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = graph[start].iter().map(String::as_str).collect();
    while let Some(node) = open.pop() {
        if reached.insert(node) {
            open.extend(graph[node].iter().map(String::as_str));
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_only_cycles() {
        let graph: Graph = [("a", "b"), ("b", "c"), ("c", "b"), ("d", "e"), ("e", "f"), ("f", "")]
            .into_iter()
            .map(|(from, to)| {
                let to = Some(to.to_owned()).filter(|to| !to.is_empty());
                (from.to_owned(), to.into_iter().collect())
            })
            .collect();
        assert_eq!(cycles(&graph), [["b", "c"]]);
    }
}
