using System.Collections.Generic;
using System.Linq;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>
/// Nothing that runs while a guest waits allocates, initializes lazily or needs services that the host does not have there.
/// </summary>
public static class ExitPathCheck
{
    /// <summary>What is wrong, a sentence each.</summary>
    public static IEnumerable<string> Run(ImageGraph graph, ImageRules rules)
    {
        foreach (string name in rules.Roots.Concat(rules.OptionalRoots))
        {
            ImageNode? root = graph.Find(name);
            if (root is { IsUndefined: false })
            {
                foreach (string problem in Search(name, root))
                {
                    yield return problem;
                }
            }
            else if (rules.Roots.Contains(name))
            {
                yield return $"exit path: there is no symbol {name}; the check must begin there";
            }
        }
    }

    private static IEnumerable<string> Search(string rootName, ImageNode root)
    {
        Reach reach = new(root, n => ExitPathRule.BrokenBy(n) != null);
        return
            from node in reach.Nodes
            let rule = ExitPathRule.BrokenBy(node)
            where rule != null
            select $"exit path: {rule.What} is reachable, {reach.PathTo(node)}; nothing reachable from {rootName} may need it";
    }
}
