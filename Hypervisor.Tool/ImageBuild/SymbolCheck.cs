using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>
/// All symbols are defined, and the compiler's helpers that the code uses are those the core library means to give it.
/// </summary>
/// <remarks>
/// The list of allowed helpers is the class <c>Internal.Runtime.RuntimeContract</c> itself, as the objects show it: what it exports is
/// allowed. A helper that comes from elsewhere is one that nobody has thought about.
/// </remarks>
public static partial class SymbolCheck
{
    private const string Contract = "_Internal_Runtime_RuntimeContract__";

    /// <summary>What is wrong, a sentence each.</summary>
    public static IEnumerable<string> Run(ImageGraph graph)
    {
        foreach (ImageNode undefined in graph.Nodes.Where(n => n.IsUndefined))
        {
            yield return $"symbol {undefined.Name} of {undefined.File} is not defined in any object{Users(graph, undefined)}; "
                + "none may be undefined";
        }

        foreach (ImageNode helper in graph.Nodes.Where(IsHelper))
        {
            bool isReferenced = graph.Nodes.Any(n => n.Targets.Contains(helper));
            if (isReferenced && !helper.Names.Any(n => n.Contains(Contract, StringComparison.Ordinal)))
            {
                yield return $"runtime helper {helper.Names.First(n => HelperName().IsMatch(n))} is used{Users(graph, helper)}; "
                    + "allowed are only those that Internal.Runtime.RuntimeContract exports";
            }
        }
    }

    private static bool IsHelper(ImageNode node) => !node.IsUndefined && node.Names.Any(n => HelperName().IsMatch(n));

    private static string Users(ImageGraph graph, ImageNode node)
    {
        ImageNode? user = graph.Nodes.FirstOrDefault(n => n.Targets.Contains(node));
        return user == null ? "" : $" (by {user.Name})";
    }

    [GeneratedRegex("^Rhp?[A-Z]")]
    private static partial Regex HelperName();
}
