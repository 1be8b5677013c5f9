using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Core.Traps;

/// <summary>The doorway of interrupt commands, in either mode of the local APIC.</summary>
public static unsafe class InterruptCommandTraps
{
    /// <summary>Lets mediators decide about a command.</summary>
    /// <returns>False when it shall not be sent.</returns>
    public static bool Pass(ProcessorData* processor, InterruptCommand command)
    {
        InterruptCommandRequest request = new() { Processor = processor->Index, Command = command };
        for (uint claims = processor->Machine->Traps->InterruptCommands; claims != 0; claims &= claims - 1)
        {
            if (MediatorCalls.InterruptCommand(processor, BitScan.Lowest(claims), &request) is Verdict.Deny or Verdict.Done)
            {
                return false;
            }
        }

        return true;
    }
}
