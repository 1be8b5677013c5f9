using System;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Guests.Probe;

/// <summary>
/// What the load options ask for: nothing for the checks, <c>reserved</c> for those that a bare QEMU does not survive,
/// <c>stress N [SEED]</c> for N rounds of random exits.
/// </summary>
public readonly unsafe struct ProbeOptions
{
    private const uint DefaultSeed = 1;

    private ProbeOptions(bool reservedBits, uint stressRounds, uint seed)
    {
        ReservedBits = reservedBits;
        StressRounds = stressRounds;
        Seed = seed;
    }

    /// <summary>Only write reserved bits.</summary>
    public bool ReservedBits { get; }

    /// <summary>Rounds of stress; 0 for the checks.</summary>
    public uint StressRounds { get; }

    /// <summary>Start of the random sequence.</summary>
    public uint Seed { get; }

    /// <summary>Reads them. The Shell puts the program's own name first, the launcher does not: the word is looked for.</summary>
    public static ProbeOptions Read(EfiLoadedImage* image)
    {
        char* text = (char*)image->LoadOptions;
        int length = (int)(image->LoadOptionsSize / sizeof(char));
        int position = Find(text, length, "stress "u8);
        if (position < 0)
        {
            return new ProbeOptions(Find(text, length, "reserved"u8) >= 0, 0, DefaultSeed);
        }

        uint rounds = Number(text, length, ref position);
        uint seed = Number(text, length, ref position);
        return new ProbeOptions(false, rounds, seed == 0 ? DefaultSeed : seed);
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
