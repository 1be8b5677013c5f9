using System.Runtime.CompilerServices;
using Hypervisor.Core.Host;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Mediation;

/// <summary>The image's objects: their addresses, in memory that no collector looks at.</summary>
public static unsafe partial class MediatorObjects
{
    private struct References
    {
        public fixed ulong Mediators[TrapTables.MaximumMediators];
        public fixed ulong Hosts[TrapTables.MaximumMediators];
    }

    private static References s_objects;
    private static int s_count;

    public static partial int Count => s_count;

    public static partial Mediator Mediator(int index)
    {
        if ((uint)index >= (uint)s_count)
        {
            FailFast.Stop("there is no such mediator"u8);
        }

        return Unsafe.As<ulong, Mediator>(ref s_objects.Mediators[index]);
    }

    public static partial MediatorHost Host(int index)
    {
        if ((uint)index >= (uint)s_count)
        {
            FailFast.Stop("there is no such mediator"u8);
        }

        return Unsafe.As<ulong, MediatorHost>(ref s_objects.Hosts[index]);
    }

    public static partial void Clear() => s_count = 0;

    public static partial void Add(Mediator mediator)
    {
        if (s_count == TrapTables.MaximumMediators)
        {
            FailFast.Stop("there is no room for another mediator"u8);
        }

        Unsafe.As<ulong, Mediator>(ref s_objects.Mediators[s_count]) = mediator;
        Unsafe.As<ulong, MediatorHost>(ref s_objects.Hosts[s_count]) = new MediatorHost(s_count);
        s_count++;
    }
}
