using System;
using Hypervisor.Guests.Probe.Stress;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Guests.Probe;

/// <summary>
/// What the load options ask for: nothing for the checks, <c>reserved</c> for those that a bare QEMU does not survive,
/// <c>stress N [SEED]</c> for N rounds of random exits, <c>hostile N [SEED [KINDS]]</c> for N rounds of a guest that means harm.
/// </summary>
public readonly unsafe struct ProbeOptions
{
    private const uint DefaultSeed = 1;

    private ProbeOptions(bool reservedBits, uint stressRounds, uint hostileRounds, HostileKinds hostileKinds, uint seed)
    {
        HostileRounds = hostileRounds;
        HostileKinds = hostileKinds;
        ReservedBits = reservedBits;
        StressRounds = stressRounds;
        Seed = seed;
    }

    /// <summary>Only write reserved bits.</summary>
    public bool ReservedBits { get; }

    /// <summary>Rounds of stress; 0 for the checks.</summary>
    public uint StressRounds { get; }

    /// <summary>Rounds of a hostile guest; 0 for none.</summary>
    public uint HostileRounds { get; }

    /// <summary>What that guest does, see <see cref="Stress.HostileKinds"/>; none for all.</summary>
    public HostileKinds HostileKinds { get; }

    /// <summary>Start of the random sequence.</summary>
    public uint Seed { get; }

    /// <summary>Reads them. The Shell puts the program's own name first, the launcher does not: the word is looked for.</summary>
    public static ProbeOptions Read(EfiLoadedImage* image)
    {
        char* text = (char*)image->LoadOptions;
        int length = (int)(image->LoadOptionsSize / sizeof(char));
        int hostile = Find(text, length, "hostile "u8);
        int position = hostile < 0 ? Find(text, length, "stress "u8) : hostile;
        if (position < 0)
        {
            return new ProbeOptions(Find(text, length, "reserved"u8) >= 0, 0, 0, HostileKinds.None, DefaultSeed);
        }

        uint rounds = Number(text, length, ref position);
        uint seed = Number(text, length, ref position);
        seed = seed == 0 ? DefaultSeed : seed;
        return hostile < 0
            ? new ProbeOptions(false, rounds, 0, HostileKinds.None, seed)
            : new ProbeOptions(false, 0, rounds, (HostileKinds)Number(text, length, ref position), seed);
    }

    /// <summary>The place behind a word, or -1.</summary>
    private static int Find(char* text, int length, ReadOnlySpan<byte> word)
    {
        for (int start = 0; start + word.Length <= length; start++)
        {
            int matched = 0;
            while (matched < word.Length && text[start + matched] == word[matched])
            {
                matched++;
            }

            if (matched == word.Length)
            {
                return start + matched;
            }
        }

        return -1;
    }

    private static uint Number(char* text, int length, ref int position)
    {
        while (position < length && text[position] == ' ')
        {
            position++;
        }

        uint value = 0;
        for (; position < length && text[position] >= '0' && text[position] <= '9'; position++)
        {
            value = (value * 10) + (uint)(text[position] - '0');
        }

        return value;
    }
}
