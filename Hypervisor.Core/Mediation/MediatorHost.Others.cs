using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Mediation;

/// <content>What a mediator may do for others: those it offers a service to.</content>
public sealed unsafe partial class MediatorHost
{
    /// <summary>Offers an access to configuration space to the mediator that has claimed the function.</summary>
    /// <param name="mediator">Its number.</param>
    /// <param name="request">The access.</param>
    public Verdict OfferPciConfiguration(int mediator, ref PciRequest request)
    {
        fixed (PciRequest* access = &request)
        {
            return MediatorCalls.PciConfiguration(Processor, mediator, access);
        }
    }

    /// <summary>Tells a mediator about a PCI function.</summary>
    /// <param name="mediator">Its number.</param>
    /// <param name="function">The function and what has happened to it.</param>
    public void TellPciFunction(int mediator, in PciFunctionInfo function)
    {
        fixed (PciFunctionInfo* notice = &function)
        {
            MediatorCalls.PciFunction(Processor, mediator, notice);
        }
    }

    /// <summary>Whether a mediator's claims are in force: it is attached, or it has failed and its claims are refused from then on.</summary>
    /// <param name="mediator">Its number.</param>
    public bool HasClaims(int mediator)
    {
        MediatorRecord* record = _machine->Traps->Mediators + mediator;
        return record->State switch
        {
            MediatorState.Selected or MediatorState.Attached or MediatorState.Asleep => true,
            MediatorState.Failed => record->Fallback == Fallback.Deny,
            _ => false,
        };
    }

    /// <summary>Claims physical memory in the name of another mediator, as its own <see cref="ClaimMemory"/> would.</summary>
    /// <param name="mediator">Its number.</param>
    /// <param name="first">First byte.</param>
    /// <param name="last">Last byte.</param>
    /// <param name="tag">Comes back in requests.</param>
    /// <param name="form">Which accesses that mediator sees.</param>
    public ClaimProblem ClaimMemoryFor(int mediator, ulong first, ulong last, uint tag, MemoryForm form)
    {
        ProcessorData* processor = Processor;
        TrapShootdown.Lock(processor);
        MemoryClaim claim = new() { First = first, Last = last, Mediator = (byte)mediator, Tag = tag, Form = form };
        ClaimProblem problem = MemoryTraps.Claim(processor, claim);
        TrapShootdown.Unlock(processor);
        return problem;
    }

    /// <summary>Gives another mediator's claims of memory within a range back.</summary>
    public void ReleaseMemoryOf(int mediator, ulong first, ulong last)
    {
        ProcessorData* processor = Processor;
        TrapShootdown.Lock(processor);
        MemoryTraps.Release(processor, mediator, first, last);
        TrapShootdown.Unlock(processor);
    }

    /// <summary>Claims ports in the name of another mediator, as its own <see cref="ClaimPorts"/> would.</summary>
    /// <param name="mediator">Its number.</param>
    /// <param name="first">First port.</param>
    /// <param name="last">Last port.</param>
    /// <param name="tag">Comes back in requests.</param>
    public ClaimProblem ClaimPortsFor(int mediator, ushort first, ushort last, uint tag)
    {
        ProcessorData* processor = Processor;
        TrapShootdown.Lock(processor);
        bool done = PortTraps.Claim(_machine, new PortClaim { First = first, Last = last, Mediator = (byte)mediator, Tag = tag });
        _ = TrapShootdown.All(processor);
        TrapShootdown.Unlock(processor);
        return done ? ClaimProblem.None : ClaimProblem.NoRoom;
    }

    /// <summary>Gives another mediator's claims of ports within a range back.</summary>
    public void ReleasePortsOf(int mediator, ushort first, ushort last)
    {
        ProcessorData* processor = Processor;
        TrapShootdown.Lock(processor);
        if (PortTraps.Release(_machine, mediator, first, last))
        {
            _ = TrapShootdown.All(processor);
        }

        TrapShootdown.Unlock(processor);
    }

    /// <summary>
    /// The ports of PCI configuration space, for the mediator that stands there. What it lets pass must not need a look.
    /// </summary>
    public ref ConfigurationPorts ConfigurationPorts => ref *_machine->Traps->Configuration;

    /// <summary>Lets accesses pass by the mediator, which has claimed the ports of PCI configuration space.</summary>
    /// <param name="number">The lock under which the hardware's pair is used.</param>
    public void OpenConfigurationPorts(int number)
    {
        ConfigurationPorts* ports = _machine->Traps->Configuration;
        ports->Owner = _mediator;
        ports->Lock = &(_machine->Traps->Mediators + _mediator)->Locks[number & (MediatorRecord.MaximumLocks - 1)];
        ports->AddressClaims = PortTraps.ClaimsOf(_machine, ConfigurationPorts.AddressPort, _mediator);
        ports->DataClaims = PortTraps.ClaimsOf(_machine, ConfigurationPorts.DataPort, _mediator);
        ports->IsOpen = true;
    }

    /// <summary>Reads an MSR.</summary>
    /// <param name="msr">The MSR.</param>
    /// <param name="value">What it holds.</param>
    /// <returns>False where it does not exist.</returns>
    public bool TryReadMsr(uint msr, out ulong value)
    {
        ulong read = 0;
        bool exists = Instructions.TryReadMsr(msr, &read) != 0;
        value = read;
        return exists;
    }
}
