using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>Leads accesses to registers, whichever way they came, to those who look at the port.</summary>
internal sealed class AhciRouter
{
    private readonly AhciControllers _controllers;
    private readonly AhciRegisters _registers;
    private readonly AhciWatcher _watcher;
    private readonly AhciGovernor _governor;

    internal AhciRouter(AhciControllers controllers, AhciRegisters registers, AhciWatcher watcher, AhciGovernor governor)
    {
        _controllers = controllers;
        _registers = registers;
        _watcher = watcher;
        _governor = governor;
    }

    /// <summary>An access to the registers behind ABAR.</summary>
    internal Verdict Handle(MediatorHost host, int controller, ref AhciAccess access)
    {
        if (access.IsInDword)
        {
            return HandleDword(host, controller, ref access);
        }

        ref AhciController owner = ref _controllers[controller];
        if (!access.IsWrite && owner.Governed == 0)
        {
            return Verdict.Pass;
        }

        for (int done = 0; done < access.Size;)
        {
            AhciAccess part = access.Part(done);
            switch (HandleDword(host, controller, ref part))
            {
                case Verdict.Pass:
                    Perform(host, owner, ref part);
                    break;
                case Verdict.Deny:
                    part.Value = ulong.MaxValue;
                    break;
                default:
                    break;
            }

            access.Put(part, done);
            done += part.Size;
        }

        return Verdict.Done;
    }

    /// <summary>An access within one register.</summary>
    internal Verdict HandleDword(MediatorHost host, int controller, ref AhciAccess access)
    {
        if (!AhciRegister.IsPort(access.Offset))
        {
            return HandleGlobal(host, controller, ref access);
        }

        int number = AhciRegister.PortOf(access.Offset);
        bool isGoverned = (_controllers[controller].Governed >> number & 1) != 0;
        if (isGoverned && !_controllers.Port(controller, number).HasPlace)
        {
            return Verdict.Deny;
        }

        int shift = access.Shift;
        if (!access.IsWrite)
        {
            if (!isGoverned)
            {
                return Verdict.Pass;
            }

            access.Value = _governor.Read(host, controller, number, AhciRegister.InPort(access.Offset)) >> shift;
            return Verdict.Done;
        }

        AhciWrite write = access.Write;
        bool passes = isGoverned ? _governor.Write(host, controller, number, ref write) : _watcher.Write(host, controller, number, ref write);
        access.Value = write.Value >> shift;
        return passes ? Verdict.Pass : Verdict.Done;
    }

    private Verdict HandleGlobal(MediatorHost host, int controller, ref AhciAccess access)
    {
        if (access.IsWrite)
        {
            if (access.Register == AhciRegister.GlobalControl && new AhciGlobalControl(access.Write.Value).Resets)
            {
                _governor.Reset(host, controller);
                _controllers.Forget(controller);
            }

            return Verdict.Pass;
        }

        if (access.Register != AhciRegister.InterruptStatus || _controllers[controller].Governed == 0)
        {
            return Verdict.Pass;
        }

        access.Value = _registers.Read(host, _controllers[controller], AhciRegister.InterruptStatus) >> access.Shift;
        _governor.PumpAll(host, controller); // whatever it tells of has been ended before the guest knows
        return Verdict.Done;
    }

    private static void Perform(MediatorHost host, in AhciController controller, ref AhciAccess access)
    {
        ulong address = controller.Registers + (uint)access.Offset;
        if (access.IsWrite)
        {
            host.WriteDevice(address, access.Size, access.Value);
        }
        else
        {
            access.Value = host.ReadDevice(address, access.Size);
        }
    }
}
