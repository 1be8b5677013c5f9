namespace Hypervisor.Devices.Ahci;

/// <summary>An access of the guest to the registers, whichever way it came.</summary>
internal struct AhciAccess
{
    private const int ByteBits = 8;
    private const int LaneMask = 3;
    private const int DwordSize = sizeof(uint);
    private const uint Ones = uint.MaxValue;

    /// <summary>First byte.</summary>
    internal int Offset;

    /// <summary>Bytes: 1, 2, 4 or 8.</summary>
    internal int Size;

    /// <summary>Whether it is a write.</summary>
    internal bool IsWrite;

    /// <summary>What is written or was read.</summary>
    internal ulong Value;

    /// <summary>Whether it lies in one register.</summary>
    internal readonly bool IsInDword => (Offset & LaneMask) + Size <= DwordSize;

    /// <summary>The register it lies in.</summary>
    internal readonly int Register => Offset & ~LaneMask;

    /// <summary>Where its lowest bit is in the register.</summary>
    internal readonly int Shift => (Offset & LaneMask) * ByteBits;

    /// <summary>The write, where it lies in one register.</summary>
    internal readonly AhciWrite Write
    {
        get
        {
            uint lanes = Ones >> ((DwordSize - Size) * ByteBits);
            return new AhciWrite { Offset = Register, Lanes = lanes << Shift, Value = ((uint)Value & lanes) << Shift };
        }
    }

    /// <summary>The part of it from a byte on that lies in one register and is aligned.</summary>
    /// <param name="done">Bytes before it.</param>
    internal readonly AhciAccess Part(int done)
    {
        int offset = Offset + done;
        int size = DwordSize;
        while (size > Size - done || (offset & (size - 1)) != 0)
        {
            size /= 2;
        }

        return new AhciAccess { Offset = offset, Size = size, IsWrite = IsWrite, Value = Value >> (done * ByteBits) };
    }

    /// <summary>Puts what a part has read into its place.</summary>
    /// <param name="part">The part.</param>
    /// <param name="done">Bytes before it.</param>
    internal void Put(in AhciAccess part, int done)
    {
        ulong ones = (ulong)(Ones >> ((DwordSize - part.Size) * ByteBits));
        int shift = done * ByteBits;
        Value = (Value & ~(ones << shift)) | ((part.Value & ones) << shift);
    }
}
