//! Circles of a graph: its strongly connected components with more than one node.

use std::collections::{BTreeMap, BTreeSet};

/// Nodes that each node leads to.
pub(super) type Graph = BTreeMap<String, BTreeSet<String>>;

/// Returns the circles, each with its nodes in order.
pub(super) fn circles(graph: &Graph) -> Vec<Vec<&str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        graph.keys().map(|node| (node.as_str(), reach(graph, node))).collect();
    let mut circles = BTreeSet::new();
    for (&node, others) in &reached {
        let circle: Vec<&str> =
            others.iter().copied().filter(|other| reached[other].contains(node)).collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

/// Returns the nodes that `start` leads to by one step or more.
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
    fn circles_are_found_and_nothing_else() {
        let graph: Graph = [("a", "b"), ("b", "c"), ("c", "b"), ("d", "e"), ("e", "f"), ("f", "")]
            .into_iter()
            .map(|(from, to)| {
                let to = Some(to.to_owned()).filter(|to| !to.is_empty());
                (from.to_owned(), to.into_iter().collect())
            })
            .collect();
        assert_eq!(circles(&graph), [["b", "c"]]);
    }
}
