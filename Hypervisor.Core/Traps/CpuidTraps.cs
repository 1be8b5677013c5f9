using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Core.Traps;

/// <summary>The doorway of CPUID.</summary>
public static unsafe class CpuidTraps
{
    /// <summary>Lets mediators change the answer that stands in the guest's registers.</summary>
    /// <param name="processor">The processor.</param>
    /// <param name="leaf">EAX the guest asked with.</param>
    /// <param name="subleaf">ECX the guest asked with.</param>
    public static void Adjust(ProcessorData* processor, uint leaf, uint subleaf)
    {
        uint claims = processor->Machine->Traps->Cpuid.Find(leaf);
        if (claims == 0)
        {
            return;
        }

        GuestRegisters* registers = &processor->Registers;
        CpuidRequest request = new()
        {
            Processor = processor->Index, Leaf = leaf, Subleaf = subleaf,
            Eax = (uint)registers->Rax, Ebx = (uint)registers->Rbx, Ecx = (uint)registers->Rcx, Edx = (uint)registers->Rdx,
        };
        for (; claims != 0; claims &= claims - 1)
        {
            MediatorCalls.Cpuid(processor, BitScan.Lowest(claims), &request);
        }

        registers->Rax = request.Eax;
        registers->Rbx = request.Ebx;
        registers->Rcx = request.Ecx;
        registers->Rdx = request.Edx;
    }
}
