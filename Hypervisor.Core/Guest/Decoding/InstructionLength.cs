using System;

namespace Hypervisor.Core.Guest.Decoding;

/// <summary>The length of an instruction, for processors whose exit does not report the next RIP.</summary>
/// <remarks>AMD APM vol 2 §15.7.1 makes nRIP optional (CPUID 8000_000A.EDX[3]); the VMCS reports the length only for the exits of Intel SDM
/// vol 3 §27.2.5.</remarks>
public static class InstructionLength
{
    /// <summary>Measures the instruction at the start of the given bytes, prefixes included.</summary>
    /// <param name="code">What could be fetched at RIP, best 15 bytes.</param>
    /// <param name="width">Mode of the code.</param>
    /// <param name="rule">The vendor's rule for near branches in 64-bit mode.</param>
    /// <returns>1 to 15, or 0 where the bytes end too early, are no instruction, or make more than fifteen.</returns>
    public static int Measure(ReadOnlySpan<byte> code, CodeWidth width, NearBranchRule rule = NearBranchRule.Amd) =>
        InstructionLayout.TryParse(code, width, rule, out InstructionLayout layout) ? layout.Length : 0;
}
