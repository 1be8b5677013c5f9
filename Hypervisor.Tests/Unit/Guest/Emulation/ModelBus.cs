using System;
using Hypervisor.Core.Guest.Emulation;
using Hypervisor.Core.Host;

namespace Hypervisor.Tests.Unit.Guest.Emulation;

/// <summary>A bus over plain memory that holds its callers to the contract. One machine at a time.</summary>
internal readonly unsafe struct ModelBus : IEmulatedBus
{
    private const ulong PageMask = 0xFFF;

    /// <summary>Which pages are trapped.</summary>
    internal static Func<ulong, bool> Trapped { get; set; } = _ => false;

    /// <summary>Where guest-physical address 0 of the device stands.</summary>
    internal static ulong Base { get; set; }

    /// <summary>Called with each access: address, size, whether it is a write.</summary>
    internal static Action<ulong, int, bool>? Seen { get; set; }

    public static bool IsTrapped(ProcessorData* processor, ulong physical) => Trapped(physical & ~PageMask);

    public static ulong Read(ProcessorData* processor, ulong physical, int size)
    {
        Check(physical, size, write: false);
        byte* from = (byte*)(Base + physical);
        ulong noise = size == 8 ? 0 : 0x5A5A_5A5A_5A5A_5A5AUL << (size * 8); // what is above does not matter
        return noise | (size switch { 1 => *from, 2 => *(ushort*)from, 4 => *(uint*)from, _ => *(ulong*)from });
    }

    public static void Write(ProcessorData* processor, ulong physical, int size, ulong value)
    {
        Check(physical, size, write: true);
        if (size < 8 && value >> (size * 8) != 0)
        {
            throw new InvalidOperationException($"0x{value:X} has more than {size} bytes");
        }

        for (int i = 0; i < size; i++)
        {
            ((byte*)(Base + physical))[i] = (byte)(value >> (i * 8));
        }
    }

    private static void Check(ulong physical, int size, bool write)
    {
        if (size is not (1 or 2 or 4 or 8) || (physical & PageMask) + (ulong)size > PageMask + 1 || !Trapped(physical & ~PageMask))
        {
            throw new InvalidOperationException($"access to 0x{physical:X} of {size} bytes");
        }

        Seen?.Invoke(physical, size, write);
    }
}
