using System;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Guests.Probe;

/// <summary>What the load options ask for: nothing for the checks, <c>stress N [SEED]</c> for N rounds of random exits.</summary>
public readonly unsafe struct ProbeOptions
{
    private const uint DefaultSeed = 1;

    private ProbeOptions(uint stressRounds, uint seed)
    {
        StressRounds = stressRounds;
        Seed = seed;
    }

    /// <summary>Rounds of stress; 0 for the checks.</summary>
    public uint StressRounds { get; }

    /// <summary>Start of the random sequence.</summary>
    public uint Seed { get; }

    /// <summary>Reads them. The Shell puts the program's own name first, the launcher does not: the word is looked for.</summary>
    public static ProbeOptions Read(EfiLoadedImage* image)
    {
        char* text = (char*)image->LoadOptions;
        int length = (int)(image->LoadOptionsSize / sizeof(char));
        ReadOnlySpan<byte> word = "stress "u8;
        for (int start = 0; start + word.Length <= length; start++)
        {
            int matched = 0;
            while (matched < word.Length && text[start + matched] == word[matched])
            {
                matched++;
            }

            if (matched == word.Length)
            {
                int position = start + matched;
                uint rounds = Number(text, length, ref position);
                uint seed = Number(text, length, ref position);
                return new ProbeOptions(rounds, seed == 0 ? DefaultSeed : seed);
            }
        }

        return default;
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
