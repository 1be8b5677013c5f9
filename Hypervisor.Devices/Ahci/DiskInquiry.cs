using System;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// Finds out which disk is behind a port: by IDENTIFY DEVICE of the host's own, when the guest issues a command and the port has nothing else to do. A disk that does not tell is taken for
/// each one that a rule names.
/// </summary>
internal sealed class DiskInquiry
{
    private const int MostAttempts = 3;
    private const int ControlPort = 15;
    private const uint PacketSignature = 0xEB14_0101; // PxSIG of an ATAPI device (SATA 3.x §11.3)
    private const uint LinkChanges = (1u << 26) | (1u << 16); // PxSERR: DIAG.X, DIAG.N (AHCI 1.3.1 §3.3.12)
    private const int InquirySlot = 0;

    private readonly AhciPolicy _policy;
    private readonly AhciRegisters _registers;
    private readonly PortPoll _poll;

    internal DiskInquiry(AhciPolicy policy, AhciRegisters registers, PortPoll poll)
    {
        _policy = policy;
        _registers = registers;
        _poll = poll;
    }

    /// <summary>The rules for a disk.</summary>
    /// <param name="host">The host of the mediator.</param>
    /// <param name="controller">The controller.</param>
    /// <param name="number">The port.</param>
    /// <param name="port">Its state.</param>
    /// <param name="behind">The port of a port multiplier.</param>
    /// <param name="sectorSize">Bytes of a sector; 0 where that is not known.</param>
    internal uint Rules(MediatorHost host, in AhciController controller, int number, in AhciPort port, int behind, out int sectorSize)
    {
        ref DiskIdentity identity = ref GovernedMemory.Disks(host, port.Place)[behind];
        sectorSize = identity.SectorSize;
        return identity.IsKnown ? identity.Rules : _policy.Rules.Possible(controller.Address, number, behind);
    }

    /// <summary>Forgets the disks behind a port.</summary>
    internal static void Forget(MediatorHost host, in AhciPort port) => GovernedMemory.Disks(host, port.Place).Clear();

    /// <summary>Whether a write to PxSERR says that the guest has noted a change of the link.</summary>
    internal bool NotesChange(MediatorHost host, in AhciController controller, int number, uint value) =>
        (value & LinkChanges & _registers.ReadPort(host, controller, number, AhciRegister.SataError)) != 0;

    /// <summary>Asks a disk who it is, where that matters and is not known. The port runs, with the host's list, and has no command.</summary>
    internal void Ask(MediatorHost host, in AhciController controller, int number, in AhciPort port, int behind)
    {
        uint possible = behind == ControlPort ? 0 : _policy.Rules.Possible(controller.Address, number, behind);
        if (possible == 0)
        {
            return;
        }

        ref DiskIdentity identity = ref GovernedMemory.Disks(host, port.Place)[behind];
        bool isChanged = (_registers.ReadPort(host, controller, number, AhciRegister.SataError) & LinkChanges) != 0;
        if (isChanged && !identity.WasChanged)
        {
            identity = default; // another disk may have been plugged in since
        }

        if (identity.IsKnown || identity.Attempts == MostAttempts || !_poll.IsIdle(host, controller, number)
            || new AhciTaskFile(_registers.ReadPort(host, controller, number, AhciRegister.TaskFile)).IsBusy
            || (_registers.ReadPort(host, controller, number, AhciRegister.PortInterruptStatus) & AhciRegister.ErrorInterrupts) != 0)
        {
            return;
        }

        identity.WasChanged = isChanged;
        bool isPacket = _registers.ReadPort(host, controller, number, AhciRegister.Signature) == PacketSignature ^ (identity.Attempts == 1);
        identity.Attempts++;
        if (TryRead(host, controller, number, port, behind, isPacket ? AtaCommands.IdentifyPacket : AtaCommands.Identify))
        {
            Note(host, controller, number, port, ref identity, possible, isPacket);
        }
    }

    private void Note(MediatorHost host, in AhciController controller, int number, in AhciPort port, ref DiskIdentity identity, uint possible, bool isPacket)
    {
        IdentifyData data = new(GovernedMemory.Identify(host, port.Place));
        if (data.IsEmpty)
        {
            return;
        }

        Span<byte> texts = GovernedMemory.Sector(host, IdentifyData.SerialSize + IdentifyData.ModelSize);
        ReadOnlySpan<byte> serial = data.Serial(texts);
        ReadOnlySpan<byte> model = data.Model(texts.Slice(IdentifyData.SerialSize));
        identity.Rules = _policy.Rules.Of(possible, serial, model);
        identity.SectorSize = isPacket ? 0 : data.SectorSize;
        identity.IsKnown = true;
        AhciText.Port(host.Log(LogLevel.Information), controller, number).Text(": model "u8).Text(model).Text(", serial "u8).Text(serial)
            .Text(", sectors of "u8).Decimal((uint)identity.SectorSize).Text(", rules "u8).Hex(identity.Rules).End();
    }

    /// <summary>What the guest could notice is put back: received FISes, interrupt status and enable. The port's interrupts are off meanwhile.</summary>
    private bool TryRead(MediatorHost host, in AhciController controller, int number, in AhciPort port, int behind, byte command)
    {
        Span<byte> identify = GovernedMemory.Identify(host, port.Place);
        identify.Clear();
        BuildCommand(host, port, behind, command);
        bool isSwitched = controller.Capabilities.HasFisSwitching
            && (_registers.ReadPort(host, controller, number, AhciRegister.FisSwitching) & AhciRegister.FisSwitchingEnabled) != 0;
        Span<byte> kept = GovernedMemory.Received(host, port.Place);
        Span<byte> received = host.Memory(port.Received + (uint)(isSwitched ? behind * kept.Length : 0), kept.Length);
        if (!received.IsEmpty)
        {
            received.CopyTo(kept);
        }

        uint enabled = _registers.ReadPort(host, controller, number, AhciRegister.PortInterruptEnable);
        uint before = _registers.ReadPort(host, controller, number, AhciRegister.PortInterruptStatus);
        _registers.WritePort(host, controller, number, AhciRegister.PortInterruptEnable, 0);
        _registers.WritePort(host, controller, number, AhciRegister.CommandIssue, 1u << InquirySlot);
        bool ended = WaitEnded(host, controller, number);
        bool fine = ended && !HasFailed(host, controller, number);
        if (!fine && _poll.Stop(host, controller, number))
        {
            _poll.Start(host, controller, number);
        }

        uint after = _registers.ReadPort(host, controller, number, AhciRegister.PortInterruptStatus);
        _registers.WritePort(host, controller, number, AhciRegister.PortInterruptStatus, after & ~before & ~AhciRegister.LinkInterrupts);
        _registers.WritePort(host, controller, number, AhciRegister.PortInterruptEnable, enabled);
        if (!received.IsEmpty)
        {
            kept.CopyTo(received);
        }

        return fine;
    }

    private bool WaitEnded(MediatorHost host, in AhciController controller, int number)
    {
        for (int i = 0; i < PortPoll.CommandReads; i++)
        {
            if (_registers.ReadPort(host, controller, number, AhciRegister.CommandIssue) == 0)
            {
                return true;
            }

            // After an error the command stays issued until the port is stopped (AHCI 1.3.1 §6.2.2).
            if (HasFailed(host, controller, number))
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>By the interrupt status, where none of this was before: the task file may tell of an older error.</summary>
    private bool HasFailed(MediatorHost host, in AhciController controller, int number) =>
        (_registers.ReadPort(host, controller, number, AhciRegister.PortInterruptStatus) & AhciRegister.ErrorInterrupts) != 0;

    private static void BuildCommand(MediatorHost host, in AhciPort port, int behind, byte command)
    {
        int offset = GovernedMemory.TableOf(port.Place, InquirySlot);
        Span<byte> table = host.OwnMemory.Slice(offset, CommandCheck.PrdtOffset + AhciPrd.Size);
        table.Clear();
        new CommandFis(table).Set(command, behind);
        AhciPrd prd = new(host.OwnMemoryAddress + (uint)GovernedMemory.IdentifyOf(port.Place), IdentifyData.Size);
        Span<ulong> prdt = Words.Quads(table.Slice(CommandCheck.PrdtOffset));
        prdt[0] = prd.Low;
        prdt[1] = prd.High;
        AhciCommandHeader.For(behind).Plain(host.OwnMemoryAddress + (uint)offset, 1).Write(GovernedMemory.List(host, port.Place), InquirySlot);
    }
}
