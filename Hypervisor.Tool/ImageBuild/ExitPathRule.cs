using System;
using System.Linq;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>Something the code between a guest's exit and its return must not need.</summary>
/// <param name="What">What it is.</param>
/// <param name="Prefixes">How the symbols that mean it begin.</param>
/// <param name="Parts">Parts of a name that mean it too.</param>
public sealed record ExitPathRule(string What, string[] Prefixes, string[] Parts)
{
    private const string ThreadStatic = "a thread static";

    /// <summary>All rules. Names change with the compiler's version: these are of 10.0.</summary>
    public static ExitPathRule[] All { get; } =
    [
        new("allocation", ["RhpNew", "RhNew", "RhBox", "RhpBox", "RhAllocate", "RhpGcAlloc"], []),
        new(
            "a class constructor",
            ["__GetGCStaticBase", "__GetNonGCStaticBase"],
            ["ClassConstructorRunner", "CheckStaticClassConstruction"]),
        new(ThreadStatic, ["__GetThreadStaticBase", "_tls_index"], ["ThreadStatic"]),
        new(
            "interface dispatch",
            ["RhpInitialDynamic", "RhpInitialInterface", "RhpInterfaceDispatch", "RhpResolveInterface", "__InterfaceDispatchCell"],
            ["ResolveInterfaceMethod"]),
        new("a stack probe", ["RhpStackProbe", "__chkstk"], []),
    ];

    /// <summary>The rule a node breaks by being there; null where it breaks none.</summary>
    public static ExitPathRule? BrokenBy(ImageNode node) =>
        Array.Find(All, r => node.Names.Any(r.Matches) || (r.What == ThreadStatic && node.Section is { IsThreadLocal: true }));

    private bool Matches(string name) =>
        Array.Exists(Prefixes, p => name.StartsWith(p, StringComparison.Ordinal))
        || Array.Exists(Parts, p => name.Contains(p, StringComparison.Ordinal));
}
