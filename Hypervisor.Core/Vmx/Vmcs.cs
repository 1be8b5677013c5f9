using System.Runtime.CompilerServices;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Vmx;

/// <summary>
/// The current virtual-machine control structure (Intel SDM vol 3 §24). Its layout is the processor's secret: fields are reached by VMREAD and VMWRITE, and every
/// field's encoding carries its width in its type.
/// </summary>
public static unsafe class Vmcs
{
    /// <summary>Bytes between the encodings of the same field of neighbouring segment registers.</summary>
    private const uint SegmentStride = 2;

    /// <summary>VMREAD.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Read(VmcsField16 field) => (ushort)Instructions.VmRead((uint)field);

    /// <summary>VMREAD.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Read(VmcsField32 field) => (uint)Instructions.VmRead((uint)field);

    /// <summary>VMREAD.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Read(VmcsField64 field) => Instructions.VmRead((uint)field);

    /// <summary>VMREAD.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Read(VmcsFieldNatural field) => Instructions.VmRead((uint)field);

    /// <summary>VMWRITE.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(VmcsField16 field, ushort value) => Instructions.VmWrite((uint)field, value);

    /// <summary>VMWRITE.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(VmcsField32 field, uint value) => Instructions.VmWrite((uint)field, value);

    /// <summary>VMWRITE.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(VmcsField64 field, ulong value) => Instructions.VmWrite((uint)field, value);

    /// <summary>VMWRITE.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(VmcsFieldNatural field, ulong value) => Instructions.VmWrite((uint)field, value);

    /// <summary>A field that may not exist, or a VMCS that may not be current.</summary>
    /// <returns>Its value; 0 where there is none.</returns>
    public static ulong ReadOrZero(VmcsFieldNatural field) => ReadOrZero((uint)field);

    /// <inheritdoc cref="ReadOrZero(VmcsFieldNatural)"/>
    public static ulong ReadOrZero(VmcsField64 field) => ReadOrZero((uint)field);

    /// <inheritdoc cref="ReadOrZero(VmcsFieldNatural)"/>
    public static uint ReadOrZero(VmcsField32 field) => (uint)ReadOrZero((uint)field);

    /// <inheritdoc cref="ReadOrZero(VmcsFieldNatural)"/>
    public static ushort ReadOrZero(VmcsField16 field) => (ushort)ReadOrZero((uint)field);

    /// <summary>Access rights of a segment register of the guest.</summary>
    public static VmcsField32 AccessRights(SegmentName segment) => VmcsField32.GuestEsAccessRights + (SegmentStride * (uint)segment);

    /// <summary>Limit of a segment register of the guest.</summary>
    public static VmcsField32 Limit(SegmentName segment) => VmcsField32.GuestEsLimit + (SegmentStride * (uint)segment);

    /// <summary>Selector of a segment register of the guest.</summary>
    public static VmcsField16 Selector(SegmentName segment) => VmcsField16.GuestEsSelector + (ushort)(SegmentStride * (uint)segment);

    /// <summary>Base of a segment register of the guest.</summary>
    public static VmcsFieldNatural Base(SegmentName segment) => VmcsFieldNatural.GuestEsBase + (SegmentStride * (uint)segment);

    private static ulong ReadOrZero(uint field)
    {
        ulong value;
        return Instructions.TryVmRead(field, &value) != 0 ? value : 0;
    }
}
