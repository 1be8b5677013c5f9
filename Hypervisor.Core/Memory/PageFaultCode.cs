namespace Hypervisor.Core.Memory;

/// <summary>The error code of a page fault.</summary>
/// <remarks>Intel SDM vol 3 §4.7; AMD APM vol 2 §8.4.2.</remarks>
/// <param name="value">The code as it is pushed.</param>
public readonly struct PageFaultCode(uint value)
{
    private const uint PresentBit = 1 << 0;
    private const uint WriteBit = 1 << 1;
    private const uint UserBit = 1 << 2;
    private const uint ReservedBit = 1 << 3;
    private const uint FetchBit = 1 << 4;

    /// <summary>Puts a code together.</summary>
    /// <param name="present">Every entry was present: rights were missing, or a reserved bit was set.</param>
    /// <param name="write">The access was a write.</param>
    /// <param name="user">The access had the rights of CPL 3.</param>
    /// <param name="reserved">A reserved bit was set in an entry.</param>
    /// <param name="fetch">The access was a fetch, and the processor reports that.</param>
    public PageFaultCode(bool present, bool write, bool user, bool reserved, bool fetch)
        : this(
            (present ? PresentBit : 0)
            | (write ? WriteBit : 0)
            | (user ? UserBit : 0)
            | (reserved ? ReservedBit : 0)
            | (fetch ? FetchBit : 0))
    {
    }

    /// <summary>The code as it is pushed.</summary>
    public uint Value => value;

    /// <summary>P: every entry was present.</summary>
    public bool Present => (value & PresentBit) != 0;

    /// <summary>W/R: the access was a write.</summary>
    public bool Write => (value & WriteBit) != 0;

    /// <summary>U/S: the access had the rights of CPL 3.</summary>
    public bool User => (value & UserBit) != 0;

    /// <summary>RSVD: a reserved bit was set in an entry.</summary>
    public bool Reserved => (value & ReservedBit) != 0;

    /// <summary>I/D: the access was a fetch.</summary>
    public bool Fetch => (value & FetchBit) != 0;
}
