using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Core.Traps;

/// <summary>The doorway of MSRs. It lies behind the host's own rules: what those refuse no mediator sees.</summary>
public static unsafe class MsrTraps
{
    /// <summary>Lets mediators decide about an access.</summary>
    /// <param name="processor">The processor.</param>
    /// <param name="msr">The MSR.</param>
    /// <param name="isWrite">WRMSR.</param>
    /// <param name="value">What is written, or where what was read goes.</param>
    /// <returns><see cref="Verdict.Pass"/> to go on, with the value there is now; <see cref="Verdict.Done"/>; or <see cref="Verdict.Deny"/> for #GP.</returns>
    public static Verdict Ask(ProcessorData* processor, uint msr, bool isWrite, ref ulong value)
    {
        uint claims = processor->Machine->Traps->Msrs.Find(msr);
        if (claims == 0)
        {
            return Verdict.Pass;
        }

        MsrRequest request = new() { Processor = processor->Index, Msr = msr, IsWrite = isWrite, Value = value };
        Verdict verdict = Verdict.Pass;
        for (; claims != 0 && verdict is Verdict.Pass or Verdict.Guest; claims &= claims - 1)
        {
            verdict = MediatorCalls.Msr(processor, BitScan.Lowest(claims), &request);
        }

        value = request.Value;
        return verdict == Verdict.Guest ? Verdict.Pass : verdict;
    }
}
