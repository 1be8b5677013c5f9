using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Traps;

/// <summary>
/// The pair of ports through which PCI configuration space is reached (PCI 3.0 §3.2.2.3.2): what the guest has written to the address port, what the hardware has there, and
/// for each function of segment 0 what passes, there and in the window in memory (PCIe 4.0 §7.2.2). Belongs to the mediator that has opened it; read by <see cref="ConfigurationTraps"/> on every processor.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct ConfigurationPorts
{
    /// <summary>The address port, CONFIG_ADDRESS.</summary>
    public const ushort AddressPort = 0xCF8;

    /// <summary>Its last byte.</summary>
    public const ushort AddressPortEnd = 0xCFB;

    /// <summary>The data port, CONFIG_DATA.</summary>
    public const ushort DataPort = 0xCFC;

    /// <summary>Its last byte.</summary>
    public const ushort DataPortEnd = 0xCFF;

    /// <summary>Pages.</summary>
    public const uint Pages = 1 + (PassagesSize / (uint)PageSizes.Size4K);

    private const int Functions = 0x1_0000; // 256 buses, 32 devices, 8 functions
    private const int PerByte = 4;
    private const int BitsOfNumber = 2; // of a place within a byte, and of a passage
    private const int Mask = (1 << BitsOfNumber) - 1;
    private const int PassagesSize = Functions / PerByte;

    /// <summary>What the guest believes to be in the address register, where <see cref="IsUnknown"/> does not say otherwise.</summary>
    public uint Latch;

    /// <summary>What is there.</summary>
    public uint Hardware;

    /// <summary>Whether the guest has touched the address register in a way whose outcome the hardware alone knows.</summary>
    public bool IsUnknown;

    /// <summary>Whether accesses may pass by.</summary>
    public bool IsOpen;

    /// <summary>Number of the mediator that it belongs to.</summary>
    public int Owner;

    /// <summary>The one of the owner's locks that is held for an access to the hardware's pair.</summary>
    public uint* Lock;

    /// <summary>The owner's claim of the address port, as a set.</summary>
    public ulong AddressClaims;

    /// <summary>The owner's claim of the data port, as a set.</summary>
    public ulong DataClaims;

    /// <summary>Accesses that have passed by.</summary>
    public ulong Passed;

    /// <summary>First byte of the window that shows segment 0.</summary>
    public ulong WindowFirst;

    /// <summary>Its bytes; 0 where there is none.</summary>
    public ulong WindowSize;

    /// <summary>The first function that it shows: bus, device and function, 16 bits.</summary>
    public uint WindowFunction;

    private fixed byte _passages[PassagesSize];

    /// <summary>Whether an address lies in the window.</summary>
    /// <param name="address">Physical address.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool IsInWindow(ulong address) => address - WindowFirst < WindowSize;

    /// <summary>What passes to a function.</summary>
    /// <param name="function">Bus, device and function, 16 bits.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ConfigurationPassage Passage(uint function) =>
        (ConfigurationPassage)(_passages[function / PerByte] >> (int)((function % PerByte) * BitsOfNumber) & Mask);

    /// <summary>Says what passes to a function.</summary>
    /// <param name="function">Bus, device and function, 16 bits.</param>
    /// <param name="passage">What passes.</param>
    public void SetPassage(uint function, ConfigurationPassage passage)
    {
        int shift = (int)((function % PerByte) * BitsOfNumber);
        ref byte place = ref _passages[function / PerByte];
        place = (byte)((place & ~(Mask << shift)) | ((int)passage << shift));
    }

    /// <summary>Knows of no function any more.</summary>
    public void Forget()
    {
        for (int i = 0; i < PassagesSize; i++)
        {
            _passages[i] = 0;
        }
    }
}
