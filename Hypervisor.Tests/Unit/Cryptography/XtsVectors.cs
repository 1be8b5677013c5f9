using System.Linq;
using Xunit;

namespace Hypervisor.Tests.Unit.Cryptography;

/// <summary>Test vectors of IEEE 1619-2007, annex B. Data are a multiple of four blocks long, so short vectors are compared in their own length.</summary>
public static class XtsVectors
{
    private const int Unit = 512;

    /// <summary>Key, number of the unit, plaintext, first bytes and last bytes of the ciphertext.</summary>
    public static TheoryData<string, ulong, byte[], string, string> All => new()
    {
        {
            "1111111111111111111111111111111122222222222222222222222222222222", 0x33_3333_3333, Repeat(0x44),
            "C454185E6A16936E39334038ACEF838BFB186FFF7480ADC4289382ECD6D394F0", string.Empty
        },
        {
            "FFFEFDFCFBFAF9F8F7F6F5F4F3F2F1F022222222222222222222222222222222", 0x33_3333_3333, Repeat(0x44),
            "AF85336B597AFC1A900B2EB21EC949D292DF4C047E0B21532186A5971A227A89", string.Empty
        },
        {
            "2718281828459045235360287471352631415926535897932384626433832795", 0, Count(),
            "27A7479BEFA1D476489F308CD4CFA6E2A96E4BBE3208FF25287DD3819616E89CC78CF7F5E543445F8333D8FA7F56000005279FA5D8B5E4AD40E736DDB4D35412",
            "EB4A427D1923CE3FF262735779A418F20A282DF920147BEABE421EE5319D0568"
        },
        {
            "27182818284590452353602874713526624977572470936999595749669676273141592653589793238462643383279502884197169399375105820974944592", 0xFF, Count(),
            "1C3B3A102F770386E4836C99E370CF9BEA00803F5E482357A4AE12D414A3E63B5D31E276F8FE4A8D66B317F9AC683F44680A86AC35ADFC3345BEFECB4BB188FD",
            "773DAD38014BD2092FA755C824BB5E54C4F36FFDA9FCEA70B9C6E693E148C151"
        },
    };

    private static byte[] Repeat(byte value) => Enumerable.Repeat(value, Unit).ToArray();

    private static byte[] Count() => [.. Enumerable.Range(0, Unit).Select(i => (byte)i)];
}
