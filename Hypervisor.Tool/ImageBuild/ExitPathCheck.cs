using System.Collections.Generic;
using System.Linq;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>Nothing that runs while a guest waits allocates, initializes lazily or needs services that the host does not have there.</summary>
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

    /// <summary>Goes through all that is reachable, nearest first, so that the path shown is a shortest one.</summary>
    private static IEnumerable<string> Search(string rootName, ImageNode root)
    {
        Dictionary<ImageNode, ImageNode?> reachedFrom = new() { [root] = null };
        Queue<ImageNode> waiting = new([root]);
        while (waiting.TryDequeue(out ImageNode? node))
        {
            if (ExitPathRule.BrokenBy(node) is { } rule)
            {
                yield return $"exit path: {rule.What} is reachable, {PathTo(node, reachedFrom)}; nothing reachable from {rootName} may need it";
                continue;
            }

            foreach (ImageNode target in node.Targets)
            {
                if (reachedFrom.TryAdd(target, node))
                {
                    waiting.Enqueue(target);
                }
            }
        }
    }

    private static string PathTo(ImageNode node, Dictionary<ImageNode, ImageNode?> reachedFrom)
    {
        Stack<string> path = [];
        for (ImageNode? step = node; step != null; step = reachedFrom[step])
        {
            path.Push(step.Name);
        }

        return string.Join(" -> ", path);
    }
}
