using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>An access of the guest to configuration space within one dword, and the way it takes.</summary>
internal struct PciGuestAccess
{
    /// <summary>Number of the processor.</summary>
    internal uint Processor;

    /// <summary>The function.</summary>
    internal PciAddress Address;

    /// <summary>First byte, 0 to 4095.</summary>
    internal int Offset;

    /// <summary>Bytes: 1, 2 or 4.</summary>
    internal int Size;

    /// <summary>Whether it is a write.</summary>
    internal bool IsWrite;

    /// <summary>What is written, or what was read.</summary>
    internal uint Value;

    /// <summary>Its physical address; 0 where it came through the data port.</summary>
    internal ulong Memory;

    /// <summary>Where it came through the data port: what was in the address register.</summary>
    internal PciAddressRegister Register;

    /// <summary>Whether only the hardware knows which register is meant: reserved bits of the address port are set.</summary>
    internal bool IsUncertain;

    /// <summary>Whether it reads the vendor ID.</summary>
    internal readonly bool ReadsVendor => !IsWrite && Offset == PciRegister.Identity && Size >= sizeof(ushort) && !IsUncertain;

    /// <summary>Whether it touches a byte of a range.</summary>
    internal readonly bool Touches(int first, int size) => Offset < first + size && Offset + Size > first;

    /// <summary>What the dword at <paramref name="first"/> holds when it has been written.</summary>
    /// <param name="first">Offset of a dword.</param>
    /// <param name="before">What it holds now.</param>
    internal readonly uint Over(int first, uint before)
    {
        if (!Touches(first, sizeof(uint)))
        {
            return before;
        }

        int shift = (Offset - first) * 8; // an access lies within one dword
        uint written = PciConfiguration.Ones(Size) << shift;
        return (before & ~written) | ((Value << shift) & written);
    }

    /// <summary>What it writes to the dword or word at <paramref name="first"/>; bytes it does not write are zeros.</summary>
    internal readonly uint ValueAt(int first)
    {
        uint written = Value & PciConfiguration.Ones(Size);
        return Offset >= first ? written << ((Offset - first) * 8) : written >> ((first - Offset) * 8);
    }
}
