namespace Hypervisor.Guests.Probe.Stress;

/// <summary>Marsaglia's xorshift with 32 bits: the same sequence for the same seed.</summary>
public struct RandomSequence(uint seed)
{
    private uint _state = seed;

    /// <summary>The next number.</summary>
    public uint Next()
    {
        _state ^= _state << 13;
        _state ^= _state >> 17;
        _state ^= _state << 5;
        return _state;
    }
}
