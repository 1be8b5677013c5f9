using System;
using System.Collections.Generic;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>All that a function needs, directly and through others.</summary>
public sealed class Reach
{
    private readonly Dictionary<ImageNode, ImageNode?> _reachedFrom;
    private readonly List<ImageNode> _nodes = [];

    /// <summary>Goes from a node to all that it reaches, nearest first, so that the paths are the shortest ones.</summary>
    /// <param name="root">The node.</param>
    /// <param name="isEnd">Nodes behind which the search does not go on.</param>
    public Reach(ImageNode root, Func<ImageNode, bool> isEnd)
    {
        _reachedFrom = new() { [root] = null };
        Queue<ImageNode> waiting = new([root]);
        while (waiting.TryDequeue(out ImageNode? node))
        {
            _nodes.Add(node);
            foreach (ImageNode target in isEnd(node) ? [] : node.Targets)
            {
                if (_reachedFrom.TryAdd(target, node))
                {
                    waiting.Enqueue(target);
                }
            }
        }
    }

    /// <summary>What is reached, nearest first.</summary>
    public IReadOnlyList<ImageNode> Nodes => _nodes;

    /// <summary>The names on the way to a node.</summary>
    public string PathTo(ImageNode node)
    {
        Stack<string> path = [];
        for (ImageNode? step = node; step != null; step = _reachedFrom[step])
        {
            path.Push(step.Name);
        }

        return string.Join(" -> ", path);
    }
}
