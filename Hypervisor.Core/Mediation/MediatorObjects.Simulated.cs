using System;
using System.Collections.Generic;

namespace Hypervisor.Core.Mediation;

/// <summary>The ordinary build's objects: a list.</summary>
public static partial class MediatorObjects
{
    private static readonly List<(Mediator Mediator, MediatorHost Host)> s_objects = [];

    public static partial int Count => s_objects.Count;

    public static partial Mediator Mediator(int index) => s_objects[index].Mediator;

    public static partial MediatorHost Host(int index) => s_objects[index].Host;

    public static partial void Clear() => s_objects.Clear();

    public static partial void Add(Mediator mediator)
    {
        if (s_objects.Count == Traps.TrapTables.MaximumMediators)
        {
            throw new InvalidOperationException("There is no room for another mediator.");
        }

        s_objects.Add((mediator, new MediatorHost(s_objects.Count)));
    }
}
