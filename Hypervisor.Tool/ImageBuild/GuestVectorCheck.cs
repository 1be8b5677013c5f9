using System;
using System.Collections.Generic;
using System.Linq;
using Iced.Intel;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>
/// The short way through an exit does not save the guest's vector and x87 registers: nothing on it may touch them. The compiler takes them
/// unasked to copy and to clear structures.
/// </summary>
public static class GuestVectorCheck
{
    private const string FailFast = "hv_Hypervisor_Core_Host_FailFast__Stop";
    private const string RuntimeFailFast = "RhpFallbackFailFast";
    private const string ThrowHelpers = "_ThrowHelpers__";

    /// <summary>What is wrong, a sentence each.</summary>
    public static IEnumerable<string> Run(ImageGraph graph, ImageRules rules)
    {
        foreach (string name in rules.UnsavedRoots)
        {
            // That it exists is for the check of the exit path to say.
            foreach (string problem in graph.Find(name) is { IsUndefined: false } root ? Search(name, root, rules) : [])
            {
                yield return problem;
            }
        }
    }

    private static IEnumerable<string> Search(string rootName, ImageNode root, ImageRules rules)
    {
        Reach reach = new(root, IsEnd);
        foreach (ImageNode function in reach.Nodes.Where(n => n.IsCode && !IsEnd(n)))
        {
            foreach (Instruction instruction in function.Decode(rules).Where(UsesVectors).Take(1))
            {
                yield return $"vector registers: {reach.PathTo(function)}+{instruction.IP - function.Start:X}h is {instruction}; "
                    + $"nothing reachable from {rootName} may use XMM, MMX or x87, they are the guest's";
            }
        }
    }

    /// <summary>Where failed checks end: the processor stops there and no guest goes on.</summary>
    private static bool IsEnd(ImageNode node) =>
        node.Names.Any(n => n is FailFast or RuntimeFailFast || n.Contains(ThrowHelpers, StringComparison.Ordinal));

    private static bool UsesVectors(Instruction instruction)
    {
        for (int i = 0; i < instruction.OpCount; i++)
        {
            Register register = instruction.GetOpKind(i) == OpKind.Register ? instruction.GetOpRegister(i) : Register.None;
            if (register.IsVectorRegister() || register.IsMM() || register.IsST())
            {
                return true;
            }
        }

        return false;
    }
}
