using System.Runtime;
using Hypervisor.Core.Host;

namespace Internal.Runtime;

/// <summary>
/// Every symbol that compiled code links against, in one place. The set belongs to exactly one version of the compiler
/// (IlcVersion in Directory.Packages.props); the check after linking names what is new after an upgrade.
/// </summary>
internal static unsafe class RuntimeContract
{
    [RuntimeExport("RhpReversePInvoke")]
    internal static void ReversePInvoke(void* frame)
    {
    }

    [RuntimeExport("RhpReversePInvokeReturn")]
    internal static void ReversePInvokeReturn(void* frame)
    {
    }

    [RuntimeExport("RhpPInvoke")]
    internal static void PInvoke(void* frame)
    {
    }

    [RuntimeExport("RhpPInvokeReturn")]
    internal static void PInvokeReturn(void* frame)
    {
    }

    [RuntimeExport("RhpGcPoll")]
    internal static void GcPoll()
    {
    }

    [RuntimeExport("RhpFallbackFailFast")]
    internal static void FallbackFailFast() => FailFast.Stop("the compiler's own check failed"u8);

    [RuntimeExport("RhpNewFast")]
    internal static void* New(MethodTable* type) => ObjectArena.New(type);

    [RuntimeExport("RhpNewArrayFast")]
    internal static void* NewArray(MethodTable* type, nint length) => ObjectArena.NewArray(type, length);

    /// <summary>An array of references: to a machine without a collector it is one like any other.</summary>
    [RuntimeExport("RhpNewPtrArrayFast")]
    internal static void* NewReferenceArray(MethodTable* type, nint length) => ObjectArena.NewArray(type, length);

    /// <summary>A store of a reference: no collector, so a plain store.</summary>
    [RuntimeExport("RhpAssignRef")]
    internal static void AssignReference(void** destination, void* value) => *destination = value;

    [RuntimeExport("RhpCheckedAssignRef")]
    internal static void CheckedAssignReference(void** destination, void* value) => *destination = value;
}
