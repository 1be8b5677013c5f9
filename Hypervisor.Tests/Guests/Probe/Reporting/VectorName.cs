using System;

namespace Hypervisor.Guests.Probe.Reporting;

/// <summary>Short names of exceptions (AMD APM vol 2 §8.2).</summary>
public static class VectorName
{
    /// <summary>The name.</summary>
    public static ReadOnlySpan<byte> Of(uint vector)
    {
        switch (vector)
        {
            case 0: return "DE"u8;
            case 1: return "DB"u8;
            case 2: return "NMI"u8;
            case 3: return "BP"u8;
            case 4: return "OF"u8;
            case 5: return "BR"u8;
            case 6: return "UD"u8;
            case 7: return "NM"u8;
            case 8: return "DF"u8;
            case 10: return "TS"u8;
            case 11: return "NP"u8;
            case 12: return "SS"u8;
            case 13: return "GP"u8;
            case 14: return "PF"u8;
            case 16: return "MF"u8;
            case 17: return "AC"u8;
            case 18: return "MC"u8;
            case 19: return "XM"u8;
            case 30: return "SX"u8;
            default: return "INT"u8;
        }
    }
}
