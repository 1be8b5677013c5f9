namespace Hypervisor.Core.Guest.Startup;

/// <summary>The word in a <see cref="StartupMailbox"/>: running, or in INIT, or in INIT with a SIPI waiting.</summary>
public readonly struct StartupRequest(uint value)
{
    private const uint InitBit = 1u << 8;
    private const uint SipiBit = 1u << 9;
    private const uint VectorMask = 0xFF;

    /// <summary>Nothing asked: the processor runs.</summary>
    public static StartupRequest None => new(0);

    /// <summary>INIT asked: the processor waits for SIPI.</summary>
    public static StartupRequest Init => new(InitBit);

    /// <summary>The word.</summary>
    public uint Value => value;

    /// <summary>Whether the processor is, or has to go, into the state after INIT.</summary>
    public bool IsInit => (value & InitBit) != 0;

    /// <summary>Whether a SIPI has come for it there.</summary>
    public bool HasSipi => (value & SipiBit) != 0;

    /// <summary>The vector of the SIPI.</summary>
    public byte Vector => (byte)(value & VectorMask);

    /// <summary>The state after INIT with a SIPI waiting.</summary>
    public static StartupRequest Sipi(byte vector) => new(InitBit | SipiBit | vector);
}
